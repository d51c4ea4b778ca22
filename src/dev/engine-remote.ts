import type { Endpoint, Engine } from './engine.ts'

/** A Redis that runs elsewhere. It is never ended or emptied: stopping only stops using it. */
export class RemoteEngine implements Engine {
  readonly description: string
  readonly knowsShebang = true
  readonly #endpoint: Endpoint

  constructor(url: string) {
    this.#endpoint = parseRedisUrl(url)
    this.description = `Redis at ${this.#endpoint.host}:${this.#endpoint.port}`
  }

  start(): Promise<Endpoint> {
    return Promise.resolve(this.#endpoint)
  }

  stop(): Promise<void> {
    return Promise.resolve()
  }
}

/** Reads `redis://[user:pass@]host[:port][/db]`. The error never repeats the URL: it may hold a password. */
function parseRedisUrl(text: string): Endpoint {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const database = url?.pathname.replace('/', '') ?? ''
  if (url?.protocol !== 'redis:' || url.hostname === '' || !/^\d*$/.test(database)) {
    throw new TypeError('The Redis URL must look like redis://[user:password@]host[:port][/database].')
  }
  return {
    host: url.hostname.replaceAll(/^\[|\]$/g, ''),
    port: url.port === '' ? 6379 : Number(url.port),
    ...(url.username !== '' && { username: decode(url.username) }),
    ...(url.password !== '' && { password: decode(url.password) }),
    ...(database !== '' && { database: Number(database) }),
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new TypeError('In the Redis URL, write a % of the user name or password as %25.')
  }
}
