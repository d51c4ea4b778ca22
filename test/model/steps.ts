import fc from '../support/fc.ts'
import type { Fate } from './network.ts'

/** How a factory ends; `later` when a step says so. */
export type End = 'value' | 'fail' | 'skip' | 'notModified' | 'later'

/** How a load is asked for. */
export interface Wish {
  readonly ttl: number
  /** The idle window; 0 for none. */
  readonly sliding: number
  readonly swr: number
  readonly staleIfError: number
  readonly softTimeout: number
  readonly timeout: number
  readonly stampede: 'isolate' | 'global' | 'off'
  readonly eager: boolean
  readonly force: boolean
  readonly l1: boolean
  readonly tags: number
  /** The tags come from the factory. */
  readonly late: boolean
  /** It leaves L2 out. */
  readonly solo: boolean
  /** It may be ended by its caller. */
  readonly leaves: boolean
  readonly end: End
}

interface At {
  readonly isolate: number
  /** What becomes of the next requests of the isolate. */
  readonly fates: readonly Fate[]
  /** Whether the next step waits until nothing moves. */
  readonly settles: boolean
}

/** What an isolate does. Whatever is picked by number is picked modulo how many there are. */
export type Operation = At &
  (
    | {
        readonly do: 'get' | 'getLocal' | 'remove' | 'expire' | 'removeLocal'
        readonly place: number
        readonly l1: boolean
        readonly change: boolean
        readonly tags: number
      }
    | {
        readonly do: 'load' | 'set' | 'setIfNotExists' | 'setIfExists' | 'compareAndSwap' | 'getAndExtend'
        readonly place: number
        readonly wish: Wish
      }
    | { readonly do: 'getMany'; readonly tags: number }
    | { readonly do: 'removeMany' }
    | { readonly do: 'removeByPattern'; readonly inside: boolean }
    | { readonly do: 'loadMany' | 'setMany'; readonly wish: Wish }
    | {
        readonly do: 'removeByTag' | 'expireByTag'
        readonly tag: number
        readonly inside: boolean
        readonly change: boolean
      }
    | { readonly do: 'clear'; readonly inside: boolean; readonly change: boolean }
  )

/** What happens to isolates. */
export type Event =
  | { readonly do: 'finish'; readonly pick: number; readonly end: End }
  | { readonly do: 'abort'; readonly pick: number }
  | { readonly do: 'release'; readonly pick: number; readonly lose: boolean }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'cut'; readonly isolate: number; readonly cut: boolean }
  | { readonly do: 'restart' | 'overflow'; readonly isolate: number }
  | { readonly do: 'flush' | 'settle' }

/** One step of a history. */
export type Step = Operation | Event

const isolate = fc.nat(2)
const place = fc.nat(2)
const pick = fc.nat(20)
const often = <T>(usual: T, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 2, arbitrary: fc.constantFrom(...others) })

const fates = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Fate[]>([]) },
  {
    weight: 3,
    arbitrary: fc.array(fc.constantFrom<Fate>('well', 'late', 'slow', 'lost', 'unanswered'), {
      minLength: 1,
      maxLength: 3,
    }),
  },
)
const at = { isolate, fates, settles: often(true, true, false) }

const wish: fc.Arbitrary<Wish> = fc
  .record({
    ttl: often(600_000, 2000, 20_000),
    sliding: often(0, 0, 0, 1500, 8000),
    swr: often(0, 30_000),
    staleIfError: often(0, 60_000),
    softTimeout: often(0, 200),
    timeout: often(0, 3000),
    stampede: often<Wish['stampede']>('isolate', 'global', 'off'),
    eager: often(false, true),
    force: often(false, false, true),
    l1: often(true, false),
    tags: fc.nat(3),
    late: often(false, true),
    solo: often(false, false, false, true),
    leaves: often(false, false, true),
    end: fc.constantFrom<End>('value', 'value', 'later', 'later', 'fail', 'skip', 'notModified'),
  })
  .map(consistent)

/** What slides has no stale window. */
function consistent(wished: Wish): Wish {
  return wished.sliding > 0 ? { ...wished, swr: 0, staleIfError: 0 } : wished
}

const what = <T extends string>(...names: T[]): fc.Arbitrary<T> => fc.constantFrom(...names)
const change = often(true, false)
const l1 = often(true, false)
const readTags = often(0, 0, 1, 2, 3)

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: what('get', 'get', 'get', 'getLocal'),
      ...at,
      place,
      l1,
      change,
      tags: readTags,
    }),
  },
  { weight: 10, arbitrary: fc.record({ do: what('load'), ...at, place, wish }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: what('remove', 'remove', 'remove', 'expire', 'removeLocal'),
      ...at,
      place,
      l1,
      change,
      tags: readTags,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: what('set'), ...at, place, wish }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: what('setIfNotExists', 'setIfExists', 'compareAndSwap', 'getAndExtend'),
      ...at,
      place,
      wish,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: what('getMany'), ...at, tags: readTags }) },
  { weight: 1, arbitrary: fc.record({ do: what('removeMany'), ...at }) },
  { weight: 1, arbitrary: fc.record({ do: what('removeByPattern'), ...at, inside: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: what('abort'), pick }) },
  { weight: 2, arbitrary: fc.record({ do: what('loadMany', 'setMany'), ...at, wish }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: what('removeByTag', 'removeByTag', 'expireByTag'),
      ...at,
      tag: fc.nat(1),
      inside: fc.boolean(),
      change,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: what('clear'), ...at, inside: fc.boolean(), change }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: what('finish'),
      pick,
      end: fc.constantFrom<End>('value', 'value', 'value', 'fail', 'skip', 'notModified'),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: what('release'), pick, lose: often(false, true) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: what('advance'),
      ms: fc.constantFrom(1, 250, 1100, 2500, 5100, 5100, 25_000, 61_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: what('cut'), isolate, cut: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: what('restart'), isolate }) },
  { weight: 1, arbitrary: fc.record({ do: what('flush', 'settle') }) },
)
const overflow = { weight: 1, arbitrary: fc.record({ do: what('overflow'), isolate }) }

/** Histories; in one of many the log overflows, which takes its time. */
export const histories: fc.Arbitrary<{ steps: Step[]; seed: number; seeded: boolean }> = fc.record({
  steps: fc.oneof(
    { weight: 12, arbitrary: fc.array(step, { minLength: 5, maxLength: 45, size: 'max' }) },
    {
      weight: 1,
      arbitrary: fc.array(fc.oneof({ weight: 12, arbitrary: step }, overflow), {
        minLength: 5,
        maxLength: 40,
        size: 'max',
      }),
    },
  ),
  seed: fc.nat(),
  seeded: often(true, true, false),
})
