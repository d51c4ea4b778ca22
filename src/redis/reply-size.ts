import { readText } from '../encoding.ts'
import { CacheError } from '../errors.ts'

// More than an isolate with 128 MB can hold as bytes and as text. What a request may ask for is bounded elsewhere; this is for a
// server, or what stands in for one, that does not stop.
const maxBytes = 64 * 2 ** 20

/**
 * The response, whose text then ends with an error where it is larger than any reply should be. One that says how large it is, and
 * is no larger, comes as it is: only others are counted as they are read, compressed ones among them.
 */
export function bounded(response: Response): Response {
  const { headers, body } = response
  const length = headers.get('content-length')
  const isKnown = length !== null && Number(length) <= maxBytes && !headers.has('content-encoding')
  if (body !== null && !isKnown) Object.defineProperty(response, 'text', { value: () => boundedText(body) })
  return response
}

async function boundedText(body: ReadableStream<Uint8Array>): Promise<string> {
  const text = await readText(body, maxBytes, new TextDecoder())
  if (text !== undefined) return text
  throw new CacheError(
    'L2_REPLY',
    'the Redis REST server answered with more than 64 MiB: read fewer or smaller values at a time',
    { retryable: true },
  )
}
