import { toHex } from '../encoding.ts'

/** What a key may be long, in bytes, less than what it becomes part of. */
const longest = 900

/**
 * The key of a request: its URL with the query in order, and the headers that its answer may depend on. Injective: no two
 * requests that an application can tell apart by them have the same. A long one is hashed, and so is one with credentials.
 */
export function requestKey(request: Request, vary: readonly string[]): Promise<string> {
  const url = new URL(request.url)
  const text = JSON.stringify([url.origin, url.pathname, queryOf(url), ...headersOf(request, vary)])
  return shortKey(text, vary)
}

/** The same with what an application gives for the URL. It never is the key of one. */
export function namedKey(name: string, request: Request, vary: readonly string[]): Promise<string> {
  return shortKey(JSON.stringify([[name], ...headersOf(request, vary)]), vary)
}

/** By its names in order. One with escapes that stand for nothing as it is, for those are lost in its parameters: `%ff` as `%fe`. */
function queryOf({ search }: URL): string {
  try {
    decodeURIComponent(search)
  } catch {
    return search
  }
  // As they are written, for frameworks tell `a` from `%61`; those of one name in the order that they have.
  const pairs = search.slice(1).split('&')
  const named = pairs.map((pair) => ({ pair, name: [...new URLSearchParams(pair).keys()][0] ?? '' }))
  const sorted = named.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))
  return sorted.map(({ pair }) => pair).join('&')
}

function headersOf({ headers }: Request, vary: readonly string[]): (string | null)[] {
  return vary.flatMap((name) => [name, headers.get(name)])
}

const credentials = new Set(['authorization', 'cookie'])

/** The text itself, or its hash where it is too long for a key, or holds what nobody is to read in the names of keys. */
async function shortKey(text: string, vary: readonly string[]): Promise<string> {
  const bytes = new TextEncoder().encode(text)
  if (bytes.length <= longest && !vary.some((name) => credentials.has(name.toLowerCase()))) return text
  return `sha256:${toHex(await crypto.subtle.digest('SHA-256', bytes))}`
}
