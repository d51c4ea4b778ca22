import { fromBase64, toBase64 } from '../encoding.ts'
import { ageIn } from './cache-control.ts'

/** A response as it is stored: plain data that JSON can carry. */
export interface StoredResponse {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
  /** The names of headers whose values were appended to some that were set before; these are left out. */
  readonly added?: readonly string[]
  /** How `body` encodes the bytes: as text if they are UTF-8, else in base64. */
  readonly encoding: 'utf-8' | 'base64'
  /** When it was made, even if by an earlier cache, in milliseconds since 1970. */
  readonly at: number
}

/** The result of reading a response: what to store, or the whole response itself, if it is larger than allowed. */
export type Captured = { readonly stored: StoredResponse } | { readonly tooLarge: Response }

// Headers about one connection, or that this cache sets itself. RFC 9110, section 7.6.1.
const notStored = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'age',
  'content-length',
])

/** How a response is read: `maxBytes` of its body at most, and without the headers that were set before it was made (`inFront`). */
export interface Capturing {
  readonly maxBytes: number
  readonly at: number
  readonly inFront?: Headers | undefined
}

/** Reads a response. */
export async function capture(response: Response, { maxBytes, at, inFront }: Capturing): Promise<Captured> {
  const read = await readUpTo(response.body, maxBytes)
  if ('rest' in read) return { tooLarge: new Response(read.rest, response) }
  const added: string[] = []
  const headers: [string, string][] = []
  for (const [name, value] of response.headers) {
    const before = name === 'content-type' ? null : (inFront?.get(name) ?? null)
    if (notStored.has(name) || before === value) continue
    const isAdded = before !== null && value.startsWith(`${before}, `)
    if (isAdded) added.push(name)
    headers.push([name, isAdded ? value.slice(before.length + 2) : value])
  }
  return {
    stored: {
      status: response.status,
      headers,
      ...(added.length > 0 && { added }),
      ...encode(read.bytes),
      at: at - ageIn(response.headers) * 1000,
    },
  }
}

/** The response that was stored. `now`: milliseconds since 1970. */
export function revive({ status, headers, body, encoding, at }: StoredResponse, now: number): Response {
  const response = new Response(encoding === 'utf-8' ? body : fromBase64(body), { status })
  response.headers.delete('content-type') // a string body brings one of its own
  for (const [name, value] of headers) response.headers.append(name, value)
  response.headers.set('age', String(Math.max(0, Math.floor((now - at) / 1000))))
  return response
}

const onNotModified = [
  'age',
  'cache-control',
  'cache-status',
  'content-location',
  'date',
  'etag',
  'expires',
  'vary',
]

/** The 304 without a body for a client that says that it has the response already. RFC 9110, section 13.1.2. */
export function notModified(response: Response, request: Request): Response | undefined {
  const etag = response.headers.get('etag')
  const asked = request.headers.get('if-none-match')
  if (etag === null || asked === null || !isAmong(asked, etag)) return undefined
  const headers = onNotModified.flatMap((name) => {
    const value = response.headers.get(name)
    return value === null ? [] : [[name, value] as [string, string]]
  })
  return new Response(null, { status: 304, headers })
}

/** Weak comparison. A tag may contain commas and asterisks; an asterisk alone matches any. */
function isAmong(asked: string, etag: string): boolean {
  const known = asked.match(/(?:W\/)?"[^"]*"/g) ?? []
  if (asked.trim() === '*' || asked.trim() === etag) return true // unquoted tags come back as they were sent
  return known.some((each) => weak(each) === weak(etag))
}

function weak(etag: string): string {
  return etag.replace(/^W\//, '')
}

async function readUpTo(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<{ bytes: Uint8Array } | { rest: ReadableStream<Uint8Array> }> {
  if (body === null) return { bytes: new Uint8Array() }
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return { bytes: joined(chunks, size) }
    chunks.push(value)
    size += value.length
    if (size > maxBytes) return { rest: resumed(chunks, reader) }
  }
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/** The chunks that were read, and the rest of the stream. */
function resumed(
  chunks: readonly Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
    },
    async pull(controller) {
      const { done, value } = await reader.read()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: (reason) => reader.cancel(reason),
  })
}

function encode(bytes: Uint8Array): Pick<StoredResponse, 'body' | 'encoding'> {
  try {
    const body = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return { body, encoding: 'utf-8' }
  } catch {
    return { body: toBase64(bytes), encoding: 'base64' }
  }
}
