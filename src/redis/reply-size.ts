import { readText } from '../encoding.ts'
import { CacheError } from '../errors.ts'

// More than an isolate with 128 MB can hold as bytes and as text. What a request may ask for is bounded elsewhere; this is for a
// server, or an impostor, that does not stop.
const maxBytes = 64 * 2 ** 20

/**
 * The response, with a body that ends in an error if it is larger than any reply should be. One with a `Content-Length` within
 * the limit is returned as it is: only others, compressed ones among them, are counted as they are read.
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
