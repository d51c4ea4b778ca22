import { request } from 'node:http'

/** What came back. */
export interface Answer {
  readonly status: number
  readonly value: unknown
}

/** A request on a connection of its own, as another visitor makes it. */
export interface Visit {
  readonly answer: Promise<Answer>
  /** Breaks the connection off, in such a way that workerd notices: it then cancels the request. */
  reset(): void
}

export function visit(url: string): Visit {
  const outgoing = request(url, { agent: false, timeout: 10_000 })
  const answer = new Promise<Answer>((resolve, reject) => {
    outgoing.once('error', reject)
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer in 10 s')))
    outgoing.once('response', (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.once('error', reject)
      response.once('end', () => resolve(answerOf(response.statusCode ?? 0, text)))
    })
  })
  outgoing.end()
  answer.catch(() => undefined) // who resets has no use for it
  return { answer, reset: () => void outgoing.socket?.resetAndDestroy() }
}

/** What workerd itself answers is no JSON. */
function answerOf(status: number, text: string): Answer {
  try {
    return { status, value: JSON.parse(text) }
  } catch {
    return { status, value: text }
  }
}
