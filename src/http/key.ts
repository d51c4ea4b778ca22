import { toHex } from '../encoding.ts'

/** The longest key, in bytes, with room for what is put before it. */
const longest = 900

/**
 * The key of a request: its URL with the query sorted, and the headers that its response may depend on. Injective: requests that
 * an application can tell apart by these have different keys. A long one is hashed, and so is one with credentials.
 */
export function requestKey(request: Request, vary: readonly string[]): Promise<string> {
  const url = new URL(request.url)
  const text = JSON.stringify([url.origin, url.pathname, queryOf(url), ...headersOf(request, vary)])
  return shortKey(text, vary)
}

/** The same with the application's own name instead of the URL. It never equals the key of a URL. */
export function namedKey(name: string, request: Request, vary: readonly string[]): Promise<string> {
  return shortKey(JSON.stringify([[name], ...headersOf(request, vary)]), vary)
}

/** Sorted by name. One with invalid escapes stays as it is, as parsing would lose them: `%ff` and `%fe` become the same. */
function queryOf({ search }: URL): string {
  try {
    decodeURIComponent(search)
  } catch {
    return search
  }
  // As they are written, as frameworks tell `a` from `%61`; those of one name keep their order.
  const pairs = search.slice(1).split('&')
  const named = pairs.map((pair) => ({ pair, name: [...new URLSearchParams(pair).keys()][0] ?? '' }))
  const sorted = named.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))
  return sorted.map(({ pair }) => pair).join('&')
}

function headersOf({ headers }: Request, vary: readonly string[]): (string | null)[] {
  return vary.flatMap((name) => [name, headers.get(name)])
}

const credentials = new Set(['authorization', 'cookie'])

/** The text itself, or its hash if it is too long for a key, or contains what must not be readable in key names. */
async function shortKey(text: string, vary: readonly string[]): Promise<string> {
  const bytes = new TextEncoder().encode(text)
  if (bytes.length <= longest && !vary.some((name) => credentials.has(name.toLowerCase()))) return text
  return `sha256:${toHex(await crypto.subtle.digest('SHA-256', bytes))}`
}
