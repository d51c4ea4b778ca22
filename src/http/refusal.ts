import type { Freshness } from './cache-control.ts'

// What a shared cache must not keep: RFC 9111, section 3, read strictly. Whatever could be meant for one client only is left out.

/** Why a request is passed through, or a response not stored. */
export type Refusal =
  /** Not `GET` or `HEAD`. */
  | 'method'
  /** The request has credentials, or asks for a part. */
  | 'authorization'
  | 'cookie'
  | 'range'
  /** It asks to switch protocols. */
  | 'upgrade'
  /** The status of the response is not 200. */
  | 'status'
  /** It is for one client, or says that it must not be stored, or has expired already. */
  | 'set-cookie'
  | 'cache-control'
  /** It depends on a header of the request that is not part of the key. */
  | 'vary'
  /** Its bytes depend on what the client accepts. */
  | 'content-encoding'
  /** It has no end. */
  | 'event-stream'
  | 'too-large'

/** Why a request is passed through; `undefined` if the cache may answer it. `vary`: headers that are part of the key, in lower case. */
export function refusalOfRequest({ method, headers }: Request, vary: readonly string[]): Refusal | undefined {
  if (method !== 'GET' && method !== 'HEAD') return 'method'
  for (const name of ['authorization', 'cookie'] as const)
    if (headers.has(name) && !vary.includes(name)) return name
  if (headers.get('upgrade')?.toLowerCase() === 'websocket') return 'upgrade'
  return headers.has('range') ? 'range' : undefined
}

/** Why a response is not stored; `undefined` if it may be. */
export function refusalOfResponse(
  response: Response,
  vary: readonly string[],
  freshness: Freshness,
): Refusal | undefined {
  const { headers, status } = response
  if (status !== 200) return 'status'
  if (headers.has('set-cookie')) return 'set-cookie'
  if (freshness.refused) return 'cache-control'
  if (headers.has('content-encoding')) return 'content-encoding'
  if (/^text\/event-stream\b/i.test(headers.get('content-type') ?? '')) return 'event-stream'
  const varies = (headers.get('vary') ?? '').toLowerCase().split(',')
  const unlisted = varies.map((name) => name.trim()).filter((name) => name !== '' && !vary.includes(name))
  return unlisted.length > 0 ? 'vary' : undefined
}
