import { processEnv } from '../runtime.ts'

/** The URL of a database, and its token. */
export interface Credentials {
  /** `https:`; `http:` only to this machine (`localhost`, `127.0.0.1`, `[::1]`), or with `allowInsecureUrl`. */
  readonly url: string
  /** The bearer token of the REST API. */
  readonly token: string
  /** Allows `http:` to another machine: the token and all values then travel unencrypted. Default `false`. */
  readonly allowInsecureUrl?: boolean | undefined
  /** The script dialect of the server. Default: by its host; pass `'upstash'` for one behind a proxy of another name. */
  readonly dialect?: 'redis' | 'upstash' | undefined
}

const names = [
  ['UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN'],
  ['KV_REST_API_URL', 'KV_REST_API_TOKEN'],
] as const

/**
 * Reads `UPSTASH_REDIS_REST_URL` and `UPSTASH_REDIS_REST_TOKEN`, or else `KV_REST_API_URL` and `KV_REST_API_TOKEN`, from
 * `env`: the bindings of a Worker, or by default the process environment. Throws a `TypeError` that names what is
 * missing. Sends nothing.
 *
 * @example
 * ```ts
 * import { createHybridCache, fromEnv } from 'hybrid-cache'
 *
 * const cache = createHybridCache({ redis: fromEnv() })
 * ```
 */
export function fromEnv(env: object = processEnv()): Credentials {
  const read = (name: string): string | undefined => {
    const value = (env as Record<string, unknown>)[name]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  for (const [urlName, tokenName] of names) {
    const url = read(urlName)
    const token = read(tokenName)
    if (url !== undefined && token !== undefined) return { url, token }
    if (url !== undefined || token !== undefined) {
      throw new TypeError(`fromEnv: ${url === undefined ? urlName : tokenName} is not set`)
    }
  }
  throw new TypeError(`fromEnv: neither ${names[0].join(' and ')} nor ${names[1].join(' and ')} are set`)
}

/**
 * The credentials in the form that clients expect. Throws a `TypeError`, which contains neither the URL nor the token, if they
 * are invalid or unsafe.
 */
export function checkCredentials({ url, token, allowInsecureUrl }: Credentials): Credentials {
  if (typeof url !== 'string' || url === '')
    throw new TypeError('redis.url is missing: give the REST URL of the database')
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw new TypeError('redis.token must be the REST token of the database, without spaces or line breaks')
  }
  const parsed = parseUrl(url)
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw new TypeError(
      'redis.url must be an https: URL, such as https://example.upstash.io (not a redis: one)',
    )
  }
  if (parsed.username !== '' || parsed.password !== '' || /[?#]/.test(parsed.href)) {
    throw new TypeError('redis.url must hold no user name, password, query or fragment')
  }
  if (parsed.protocol === 'http:' && !isLoopback(parsed.hostname) && allowInsecureUrl !== true) {
    throw new TypeError(
      'redis.url would send the token in the clear: use https:, or set redis.allowInsecureUrl',
    )
  }
  return { url: parsed.href, token }
}

function parseUrl(url: string): URL | undefined {
  try {
    return new URL(url)
  } catch {
    return undefined
  }
}

function isLoopback(host: string): boolean {
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host === '[::1]' ||
    /^127(\.\d{1,3}){3}$/.test(host)
  )
}
