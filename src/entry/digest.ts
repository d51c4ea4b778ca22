/** SHA-1 of the text in UTF-8, in hexadecimal: what a script computes with `redis.sha1hex`. */
export async function sha1(text: string): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-1', new TextEncoder().encode(text)))
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
