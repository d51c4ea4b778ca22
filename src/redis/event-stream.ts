import { CacheError, networkError } from '../errors.ts'
import type { Credentials } from './credentials.ts'
import { Lines } from './lines.ts'
import type { Subscribe } from './subscriber.ts'

/**
 * Listens over Upstash's REST API: one request with an endless response, a line such as `data: message,<channel>,<message>` for
 * each message. Follows no redirect, which would carry the token along.
 */
export function upstashSubscriber({ url, token }: Credentials): Subscribe {
  const base = url.replace(/\/$/, '')
  return async (channel, { signal, onOpen, onMessage }) => {
    const response = await fetch(`${base}/subscribe/${channel}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'text/event-stream',
        'cache-control': 'no-cache',
      },
      redirect: 'manual',
      // A framework that caches `fetch` would wait for the end of this response.
      cache: 'no-store',
      signal,
    }).catch(() => {
      throw networkError('the connection for push could not be made')
    })
    const { body } = response
    if (!response.ok || body === null || !isEventStream(response)) {
      body?.cancel().catch(() => undefined)
      throw refusal(response.status)
    }
    const prefix = `message,${channel},`
    const take = (line: string): void => {
      const data = line.startsWith('data:') ? line.slice(5).trimStart() : ''
      if (data.startsWith(prefix)) onMessage(data.slice(prefix.length))
      else if (data.startsWith('subscribe,')) onOpen()
    }
    await readLines(body, take)
  }
}

function isEventStream({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') === true
}

async function readLines(body: ReadableStream<Uint8Array>, take: (line: string) => void): Promise<void> {
  const lines = new Lines()
  const reader = body.getReader()
  try {
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return
      for (const line of lines.push(value)) take(line)
    }
  } finally {
    reader.cancel().catch(() => undefined)
  }
}

function refusal(status: number): CacheError {
  if (status === 401 || status === 403)
    return new CacheError('L2_AUTH', 'the Redis REST server refused the token for push')
  return networkError('the Redis REST server refused the connection for push')
}
