/** What a key may be long, in bytes, less than what it becomes part of. */
const longest = 900

/**
 * The key of a request: its URL with the query in order, and the headers that its answer may depend on. Injective: no two
 * requests that differ in any of them have the same. A long one is hashed.
 */
export async function requestKey(request: Request, vary: readonly string[]): Promise<string> {
  const url = new URL(request.url)
  url.searchParams.sort()
  const headers = vary.map((name) => request.headers.get(name))
  return shortKey(JSON.stringify([url.origin, url.pathname, url.searchParams.toString(), ...headers]))
}

/** The text itself, or its hash where it is too long for a key. */
export async function shortKey(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text)
  if (bytes.length <= longest) return text
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return `sha256:${Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
