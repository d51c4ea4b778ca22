// How long the entries of a call live, in milliseconds.
import { toMilliseconds } from './duration.ts'
import type { Lifetime } from './entry/index.ts'
import type { Settings, WriteOptions } from './options.ts'
import { assertWithin, noStale, resolveStale, type StaleSettings, staleWindow } from './tolerance.ts'

const defaultLocalTtl = 30_000

/** What a lifetime depends on, besides the options. */
export interface LifetimeGiven {
  readonly now: number
  /** L1 is the only tier that keeps it. */
  readonly onlyLocal: boolean
  /** The options were accepted before, possibly by another clock. */
  readonly checked?: boolean
  /** The value is `null`. */
  readonly negative?: boolean
  /** In [0, 1): how much of the jitter this entry gets. */
  readonly random?: number
}

/** How long the entry of one call is to live, counted from `now`; `undefined` if it has expired already. */
export function resolveLifetime(
  options: WriteOptions,
  settings: Settings,
  { now, onlyLocal, checked = false, negative = false, random = 0 }: LifetimeGiven,
): Lifetime | undefined {
  const idle = options.sliding === undefined ? 0 : toMilliseconds(options.sliding, 'sliding')
  const stale = staleOf(options, settings)
  const given = resolveTtl(options, settings, { now, checked, slides: idle > 0 })
  if (given <= 0) return undefined
  const isNegative = negative && stale.negativeTtl > 0
  const staleFor = isNegative ? 0 : staleWindow(stale)
  if (!checked)
    assertWithin(
      settings.maxTtl,
      given,
      staleWindow(stale),
      options.expiresAt === undefined ? 'ttl' : 'expiresAt',
    )
  const lasting = isNegative ? Math.min(stale.negativeTtl, given) : given
  const ttl = shorten(lasting, options.expiresAt === undefined ? stale.jitter : 0, random)
  // From the life before its jitter: otherwise L1's copy would be shortened twice.
  const whole = onlyLocal ? lasting + staleFor : Math.min(defaultLocalTtl, lasting)
  const local = shorten(localTtlIn(options, settings) ?? whole, stale.jitter, random)
  return { ttl, idle, staleFor, localTtl: Math.min(local, ttl + staleFor) }
}

/** How long L1 may trust a copy of an entry that was read from L2 and has `left` to live, stale or not. */
export function localTtlOf(options: WriteOptions, settings: Settings, left: number): number {
  const local = localTtlIn(options, settings) ?? defaultLocalTtl
  return Math.min(shorten(local, staleOf(options, settings).jitter, Math.random()), left)
}

/** How long a value is usable after its expiry. For `sliding` and `expiresAt` the cache's `swr` and `staleIfError` do not count. */
export function staleOf(options: WriteOptions, settings: Settings): StaleSettings {
  if (options.sliding === undefined && options.expiresAt === undefined)
    return resolveStale(options, settings.stale)
  const stale = resolveStale(options, {
    ...noStale,
    jitter: settings.stale.jitter,
    negativeTtl: settings.stale.negativeTtl,
  })
  if (options.sliding !== undefined && staleWindow(stale) > 0)
    throw new TypeError('a sliding entry has no stale window: leave out sliding, or swr and staleIfError')
  return stale
}

function shorten(ms: number, jitter: number, random: number): number {
  return Math.ceil(ms - Math.min(jitter, ms / 2) * random)
}

function localTtlIn({ localTtl }: WriteOptions, settings: Settings): number | undefined {
  return localTtl === undefined ? settings.localTtl : toMilliseconds(localTtl, 'localTtl')
}

function resolveTtl(
  { ttl, expiresAt }: WriteOptions,
  settings: Settings,
  { now, checked, slides }: { now: number; checked: boolean; slides: boolean },
): number {
  if (expiresAt === undefined) {
    if (ttl === undefined) return slides ? settings.maxTtl : settings.ttl
    return toMilliseconds(ttl, 'ttl')
  }
  if (ttl !== undefined) throw new TypeError('pass either ttl or expiresAt, not both')
  const end = expiresAt instanceof Date ? expiresAt.getTime() : expiresAt
  if (!Number.isFinite(end)) throw new TypeError('expiresAt must be a valid Date, or milliseconds since 1970')
  const left = Math.ceil(end - now)
  return checked ? Math.min(left, settings.maxTtl) : left
}
