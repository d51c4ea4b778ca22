import type { HybridCache } from '../cache.ts'
import type { Core } from '../core.ts'
import { type Duration, spanOf } from '../duration.ts'
import { assertFits, type Encoded } from '../entry/index.ts'
import type { DiscardReason } from '../events.ts'
import { AppendToLimitedList } from '../lua/index.ts'
import { redisPartsOf } from '../parts.ts'
import { assertKey, toText, unexpected } from '../redis/index.ts'
import { wholeNumberWithin } from '../validate.ts'
import { told } from './told.ts'

/** Options of {@link list}. */
export interface ListOptions {
  /** How many values it keeps, the newest ones: an integer from 1 to 4,294,967,295. */
  readonly maxSize: number
  /** How long it lives from its first value on; later ones do not extend it. A hundred years at most. Default: until it is cleared. */
  readonly ttl?: Duration | undefined
}

/** A list in Redis that many append to. Made by {@link list}. */
export interface List<T = unknown> {
  /**
   * Appends a value, and drops the oldest if there are too many; resolves to how many there are. Rejects with `SERIALIZE`
   * or `TOO_LARGE` as `set` does. Never retried: after an `L2_TIMEOUT` or `L2_NETWORK` it may have been appended.
   * Cost: 1/2; 1/3 if it starts a `ttl` or drops the oldest.
   */
  append(value: T): Promise<number>
  /** All values, the newest last. Those that this cache cannot decode are left out, with a `discard` event. Cost: 1/1. */
  read(): Promise<T[]>
  /** Removes all values. Cost: 1/1. */
  clear(): Promise<void>
}

/**
 * A list in Redis, `<prefix>:q:<name>`, that keeps its newest values, such as recent events. Each value is encoded as in an
 * entry, without compression. L1 is not used. Creating it sends nothing.
 *
 * A read fetches everything: keep `maxSize` times the size of a value well below 10 MB. Calls reject with `SCRIPT` or `L2_REPLY`
 * if the key holds anything but a list. A memory-only cache, a bad `maxSize` and a bad `ttl` are a `TypeError`.
 *
 * @example
 * ```ts
 * import { createHybridCache, fromEnv } from 'hybrid-cache'
 * import { list } from 'hybrid-cache/atomic'
 *
 * const cache = createHybridCache({ redis: fromEnv() })
 * const recent = list<{ sku: string }>(cache, 'recent:42', { maxSize: 20, ttl: '7d' })
 * await recent.append({ sku: 'tea' })
 * for (const { sku } of await recent.read()) console.log(sku)
 * ```
 */
export function list<T = unknown>(cache: HybridCache<true>, name: string, options: ListOptions): List<T> {
  const { core, view, redis, executor } = redisPartsOf(cache, 'list')
  assertKey(name)
  const maxSize = wholeNumberWithin(options?.maxSize, 'maxSize', 1, 2 ** 32 - 1)
  const ttl = options.ttl === undefined ? 0 : spanOf(options.ttl, 'ttl')
  const key = view.physicalKey('q', name)
  return {
    append: async (value) => {
      const item = toItem(core, value)
      const run = { keys: [key], args: [item, String(maxSize), String(ttl)], signal: undefined }
      return told(core, 'list', async () => lengthOf(await executor.run(AppendToLimitedList, run)))
    },
    read: async () => {
      const items = await told(core, 'list', async () => {
        const reply = await redis.ask(['LRANGE', key, -maxSize, -1])
        if (!Array.isArray(reply)) throw unexpected()
        return reply.map(toText)
      })
      return items.map((item) => fromItem(core, item ?? '')).filter((value) => value !== undefined) as T[]
    },
    clear: () => told(core, 'list', () => redis.remove([key])),
  }
}

function lengthOf(reply: unknown): number {
  if (typeof reply === 'number') return reply
  throw unexpected()
}

/** A value as it is stored: its codec, then the text. */
function toItem(core: Core, value: unknown): string {
  if (value === undefined) throw new TypeError('undefined cannot be stored: append null, or nothing')
  const encoded = core.codec.encode(value)
  assertFits(encoded, core.settings)
  return `${encoded.codec}|${encoded.text}`
}

function fromItem(core: Core, item: string): unknown {
  const encoded = split(item)
  const value = encoded === undefined ? undefined : core.codec.decode(encoded)
  if (value !== undefined) return value
  const reason: DiscardReason = encoded === undefined ? 'foreign' : 'codec'
  core.events.emit('discard', { tier: 'l2', reason })
  return undefined
}

function split(item: string): Encoded | undefined {
  const [, codec, text] = /^([a-z](?::[A-Za-z0-9._-]+)?)\|([\s\S]*)$/.exec(item) ?? []
  return codec === undefined || text === undefined ? undefined : { codec, text }
}
