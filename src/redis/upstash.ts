import type { Redis as NodeRedis } from '@upstash/redis'
// The entry point without Node: it sets no `cache` field, which Workers with an old compatibility date refuse, and reads no
// process environment. It runs everywhere.
import { Redis } from '@upstash/redis/cloudflare'
import { fromBase64 } from '../encoding.ts'
import { CacheError, isCacheError, networkError } from '../errors.ts'
import { withoutRedirects } from '../runtime.ts'
import { checkCredentials, type Credentials } from './credentials.ts'
import { toReplyError } from './reply-error.ts'
import { bounded } from './reply-size.ts'
import { type Command, RedisReplyError, type Reply, type SendOptions, type Transport } from './transport.ts'

/**
 * A client of `@upstash/redis` that you made yourself. It works, with weaker guarantees than `{ url, token }`: its own retries
 * repeat commands that must not run twice, a deadline does not end its requests, and its middleware and telemetry stay on.
 */
export type UpstashClient = NodeRedis | Redis

interface Requester {
  request(request: { path: string[]; body: unknown; headers?: Record<string, string> }): Promise<unknown>
}

/** Replies come as they are in JSON, or in base64 if they are wanted as bytes. */
function requestOf(
  commands: readonly Command[],
  { binary }: SendOptions,
): Parameters<Requester['request']>[0] {
  const request = { path: ['pipeline'], body: commands }
  return binary === true ? { ...request, headers: { 'Upstash-Encoding': 'base64' } } : request
}

/** Talks to Upstash through its own client, with everything turned off that the cache must decide itself. */
export function createUpstashTransport(credentials: Credentials): Transport {
  const { url, token } = checkCredentials(credentials)
  let signal: AbortSignal | undefined
  const requester = requesterOf(
    new Redis({
      url,
      token,
      retry: { retries: 0 },
      enableAutoPipelining: false,
      automaticDeserialization: false,
      enableTelemetry: false,
      responseEncoding: false,
      // Only the function form makes an aborted request fail; with a plain signal it resolves, as if the key were empty.
      signal: () => signal as AbortSignal,
    }),
  )
  return {
    dialect: credentials.dialect ?? dialectOf(url),
    binary: true,
    send(commands, options) {
      // The client gets the signal while the request starts, that is, before the next line.
      signal = options.signal
      const reply = withoutRedirects(() => requester.request(requestOf(commands, options)), bounded)
      signal = undefined
      return settle(reply, commands.length, options)
    },
  }
}

/**
 * Upstash is recognised by its host; a local server counts as Upstash, so that scripts are held to their KEYS where they are
 * written. Behind a proxy of another name, scripts just lock more than they need. A server that refuses the flag corrects this.
 */
function dialectOf(url: string): 'redis' | 'upstash' {
  return /^https:\/\/[^/]+\.upstash\.io(\/|$)|^https?:\/\/(localhost|127\.[\d.]+|\[::1\])(:\d+)?(\/|$)/.test(
    url,
  )
    ? 'upstash'
    : 'redis'
}

/** A transport over a client that was made elsewhere. */
export function adaptUpstashClient(client: UpstashClient): Transport {
  const requester = requesterOf(client)
  return {
    dialect: dialectOf((requester as { baseUrl?: string }).baseUrl ?? ''),
    // It decodes base64 into text itself, and then loses what is not text.
    binary: false,
    send: (commands: readonly Command[], options: SendOptions) =>
      settle(requester.request(requestOf(commands, options)), commands.length, options),
  }
}

/** What sends a client's requests: a protected member, the only way to run any command in a pipeline. */
function requesterOf(client: UpstashClient): Requester {
  const requester = (client as unknown as { client?: Partial<Requester> }).client
  if (typeof requester?.request !== 'function') {
    throw new TypeError(
      'redis: this client cannot be used: install @upstash/redis 1.38.4 or newer, or give { url, token }',
    )
  }
  return requester as Requester
}

/** Whether this is such a client rather than credentials or a transport. */
export function isUpstashClient(value: object): value is UpstashClient {
  return 'client' in value && 'pipeline' in value
}

async function settle(
  response: Promise<unknown>,
  count: number,
  { signal, binary }: SendOptions,
): Promise<readonly (Reply | RedisReplyError)[]> {
  let body: unknown
  try {
    body = await response
  } catch (error) {
    throw signal.aborted ? signal.reason : describe(error)
  }
  if (Array.isArray(body) && body.length === count && body.every(isItem)) {
    return body.map((item) => toReply(item, binary === true))
  }
  throw new CacheError('L2_REPLY', 'the Redis REST server did not return one reply per command', {
    retryable: true,
  })
}

type Item = { readonly result?: Reply; readonly error?: string }

function isItem(item: unknown): item is Item {
  return (
    typeof item === 'object' &&
    item !== null &&
    ('result' in item || typeof (item as Item).error === 'string')
  )
}

function toReply({ result = null, error }: Item, binary: boolean): Reply | RedisReplyError {
  if (typeof error === 'string') return new RedisReplyError(error)
  return binary ? toBytes(result) : result
}

/** A status, such as `OK`, comes unencoded; no base64 has its length. */
function toBytes(reply: Reply): Reply {
  if (typeof reply === 'string')
    return reply.length % 4 === 0 ? fromBase64(reply) : new TextEncoder().encode(reply)
  return Array.isArray(reply) ? reply.map(toBytes) : reply
}

/** The client's errors contain the whole command, and neither a status nor a code: only what is safe is passed on. */
function describe(error: unknown): CacheError {
  if (isCacheError(error)) return error
  const { name, message } = error as Error
  if (name === 'UpstashError') {
    const refusal = toReplyError(message)
    // Any other error about the request as a whole is a fault of the server, not the reply to a command.
    return refusal.code === 'L2_REPLY' ? networkError('the Redis REST server refused the request') : refusal
  }
  if (name === 'UpstashJSONParseError')
    return networkError('the Redis REST server answered something that is not JSON')
  return networkError('the request to the Redis REST server failed')
}
