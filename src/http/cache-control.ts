/** What a response says about its life in a shared cache. RFC 9111, sections 4.2.1 and 5.2.2. */
export interface Freshness {
  /** It must not be stored, or not reused without validation. */
  readonly refused: boolean
  /** For how many seconds from now a shared cache may use it, if it says so (`s-maxage`). */
  readonly seconds: number | undefined
  /** It must not be used stale (`must-revalidate`, `proxy-revalidate`, or `s-maxage` where it does not say how long it is). */
  readonly noStale: boolean
}

/** `now`: milliseconds since 1970. */
export function freshnessOf({ headers }: Response, now: number): Freshness {
  const said = directivesIn(headers.get('cache-control') ?? '')
  const has = (...names: string[]): boolean => names.some((name) => said.has(name))
  const shared = secondsIn(said, 's-maxage')
  const lasts = shared ?? secondsIn(said, 'max-age') ?? untilExpiry(headers, now) ?? Infinity
  const left = lasts - ageIn(headers)
  return {
    refused: has('private', 'no-store', 'no-cache') || left <= 0,
    seconds: shared === undefined ? undefined : left,
    noStale:
      has('must-revalidate', 'proxy-revalidate') ||
      (shared !== undefined && !has('stale-while-revalidate', 'stale-if-error')),
  }
}

/** For how many seconds a response has been in other caches. */
export function ageIn(headers: Headers): number {
  const age = Number.parseInt(headers.get('age') ?? '', 10)
  return age > 0 ? age : 0
}

/** By their names in lower case; of duplicates, the first. */
function directivesIn(field: string): Map<string, string> {
  const directives = new Map<string, string>()
  for (const [, name = '', quoted, plain = ''] of field.matchAll(
    /([^\s,;="]+)(?:\s*=\s*(?:"([^"]*)"|([^\s,;]*)))?/g,
  )) {
    const key = name.toLowerCase()
    if (!directives.has(key)) directives.set(key, quoted ?? plain)
  }
  return directives
}

/** An invalid number of seconds counts as expired. */
function secondsIn(said: ReadonlyMap<string, string>, name: string): number | undefined {
  const value = said.get(name)
  if (value === undefined) return undefined
  return /^\d+$/.test(value) ? Number(value) : 0
}

/** By `Expires`, which counts only if nothing else is said; an invalid date counts as expired. */
function untilExpiry(headers: Headers, now: number): number | undefined {
  const expires = headers.get('expires')
  if (expires === null) return undefined
  const end = Date.parse(expires)
  const date = Date.parse(headers.get('date') ?? '')
  return Number.isNaN(end) ? 0 : (end - (Number.isNaN(date) ? now : date)) / 1000
}
