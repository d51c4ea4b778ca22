import { fromBase64, toBase64 } from './base64.ts'

/** Text as gzip, in base64. Takes CPU time: worth it for kilobytes of repetitive text, not below. */
export async function compress(text: string): Promise<string> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))
  return toBase64(new Uint8Array(await new Response(stream).arrayBuffer()))
}

/**
 * The text again; `undefined` for damaged bytes. Inflating stops at `maxBytes`, so that a small bomb cannot fill the
 * isolate: that gives `'too-large'`.
 */
export async function decompress(
  payload: string,
  maxBytes: number,
): Promise<{ text: string } | 'too-large' | undefined> {
  try {
    const stream = new Blob([fromBase64(payload)]).stream().pipeThrough(new DecompressionStream('gzip'))
    return await readText(stream, maxBytes)
  } catch {
    return undefined
  }
}

async function readText(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
): Promise<{ text: string } | 'too-large'> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const reader = stream.getReader()
  let text = ''
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return { text: text + decoder.decode() }
    bytes += value.length
    if (bytes > maxBytes) {
      await reader.cancel()
      return 'too-large'
    }
    text += decoder.decode(value, { stream: true })
  }
}
