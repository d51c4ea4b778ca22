import { fromBase64, readText, toBase64 } from '../encoding.ts'

/** Text as gzip, in base64. Takes CPU time: worth it for kilobytes of repetitive text, not below. */
export async function compress(text: string): Promise<string> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))
  return toBase64(new Uint8Array(await new Response(stream).arrayBuffer()))
}

/**
 * The text again; `undefined` for damaged bytes. Inflating stops at `maxBytes` with `'too-large'`, so that a small bomb cannot
 * fill the isolate.
 */
export async function decompress(
  payload: string,
  maxBytes: number,
): Promise<{ text: string } | 'too-large' | undefined> {
  try {
    const stream = new Blob([fromBase64(payload)]).stream().pipeThrough(new DecompressionStream('gzip'))
    const text = await readText(stream, maxBytes, new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }))
    return text === undefined ? 'too-large' : { text }
  } catch {
    return undefined
  }
}
