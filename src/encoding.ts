// Bytes as text: JSON bodies, and clients that decode UTF-8, carry only text.

const chunk = 0x8000 // `fromCharCode` takes its characters as arguments, and engines limit how many there may be

export function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (let i = 0; i < bytes.length; i += chunk) binary += String.fromCharCode(...bytes.subarray(i, i + chunk))
  return btoa(binary)
}

/** Throws if `text` is not base64. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}

export function toHex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** SHA-1 of the text in UTF-8, in hexadecimal: what a script computes with `redis.sha1hex`. */
export async function sha1(text: string): Promise<string> {
  return toHex(await crypto.subtle.digest('SHA-1', new TextEncoder().encode(text)))
}

/** The text of a stream; `undefined` for one of more than `maxBytes`, which is read no further and cancelled. */
export async function readText(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
  decoder: TextDecoder,
): Promise<string | undefined> {
  const reader = stream.getReader()
  let text = ''
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    bytes += value.length
    if (bytes > maxBytes) {
      reader.cancel().catch(() => undefined)
      return undefined
    }
    text += decoder.decode(value, { stream: true })
  }
}
