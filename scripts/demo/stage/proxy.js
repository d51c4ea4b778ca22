// @ts-check
import { once } from 'node:events'
import { createServer, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'

/**
 * An HTTP proxy on the loopback interface in front of a database, which can be cut off: that is how an outage of a database
 * is played which is not ours to stop.
 *
 * @param {string} target The URL of the REST API.
 * @param {import('../cleanup.js').Cleanup} cleanup
 */
export async function startProxy(target, cleanup) {
  const base = new URL(target)
  const send = base.protocol === 'https:' ? requestHttps : requestHttp
  let answered = 0
  let isCut = false

  const server = createServer((incoming, outgoing) => {
    outgoing.once('close', () => answered++)
    if (isCut) return void refuse(incoming, outgoing)
    const path = base.pathname.replace(/\/$/, '') + (incoming.url ?? '/')
    const headers = { ...incoming.headers, host: base.host }
    const forward = send(new URL(path, base), { method: incoming.method ?? 'GET', headers }, (reply) => {
      outgoing.writeHead(reply.statusCode ?? 502, reply.headers)
      reply.pipe(outgoing)
    })
    forward.on('error', () => outgoing.destroy())
    incoming.pipe(forward)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanup.add(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  return {
    url: `http://127.0.0.1:${port}`,
    answered: () => answered,
    cut: () => void (isCut = true),
    mend: () => void (isCut = false),
  }
}

/**
 * Answers at once, as a REST server does whose Redis is gone.
 *
 * @param {import('node:http').IncomingMessage} incoming
 * @param {import('node:http').ServerResponse} outgoing
 */
function refuse(incoming, outgoing) {
  incoming.resume()
  outgoing.writeHead(503, { 'content-type': 'application/json' })
  outgoing.end(JSON.stringify({ error: 'ERR cut off by the demo' }))
}
