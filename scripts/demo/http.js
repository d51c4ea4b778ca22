// @ts-check
import { Agent, request } from 'node:http'

// Leaner than `fetch`, whose own milliseconds would hide what an answer from memory takes.
const agent = new Agent({ keepAlive: true })

/**
 * @param {string} method
 * @param {string} url
 * @returns {Promise<{ status: number, headers: import('node:http').IncomingHttpHeaders, body: string, ms: number }>}
 */
export function call(method, url) {
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const outgoing = request(url, { agent, method, timeout: 10_000 }, (reply) => {
      let body = ''
      reply.setEncoding('utf8').on('data', (chunk) => (body += chunk))
      reply.once('error', reject).once('end', () => {
        const ms = performance.now() - started
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body, ms })
      })
    })
    outgoing.once('timeout', () => outgoing.destroy(new Error(`${method} ${url}: no answer`)))
    outgoing.once('error', reject).end()
  })
}
