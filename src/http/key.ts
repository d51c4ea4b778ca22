/** What a key may be long, in bytes, less than what it becomes part of. */
const longest = 900

/**
 * The key of a request: its URL with the query in order, and the headers that its answer may depend on. Injective: no two
 * requests that an application can tell apart by them have the same. A long one is hashed.
 */
export function requestKey(request: Request, vary: readonly string[]): Promise<string> {
  const url = new URL(request.url)
  return shortKey(JSON.stringify([url.origin, url.pathname, queryOf(url), ...headersOf(request, vary)]))
}

/** The same with what an application gives for the URL. It never is the key of one. */
export function namedKey(name: string, request: Request, vary: readonly string[]): Promise<string> {
  return shortKey(JSON.stringify([[name], ...headersOf(request, vary)]))
}

/** By its names in order. One with escapes that stand for nothing as it is, for those are lost in its parameters: `%ff` as `%fe`. */
function queryOf({ search, searchParams }: URL): string {
  try {
    decodeURIComponent(search)
  } catch {
    return search
  }
  searchParams.sort()
  return searchParams.toString()
}

function headersOf({ headers }: Request, vary: readonly string[]): (string | null)[] {
  return vary.flatMap((name) => [name, headers.get(name)])
}

/** The text itself, or its hash where it is too long for a key. */
async function shortKey(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text)
  if (bytes.length <= longest) return text
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return `sha256:${Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
