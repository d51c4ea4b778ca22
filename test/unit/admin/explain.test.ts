import fc from '../../support/fc.ts'
import { describe, expect, test } from 'vitest'
import { explain, type Explanation } from '../../../src/admin/index.ts'
import type { EntryOptions, HybridCache } from '../../../src/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { Origin } from '../../support/origin.ts'
import { record, World } from '../../support/world.ts'

/** What happens to a key before somebody asks. */
type Step = (cache: HybridCache, world: World) => unknown

const life = { ttl: '10s', localTtl: '4s', swr: '10s', staleIfError: '30s', tags: ['t'] } as const

const steps: Record<string, Step> = {
  set: (cache) => cache.set('k', 1, life),
  'set without tags': (cache) => cache.set('k', 1, { ttl: '20s' }),
  'set for good': (cache) => cache.set('k', 1, { ttl: '1h', localTtl: '1h' }),
  'set in L1': (cache) => cache.set('k', 1, { ...life, tags: [], l2: false }),
  'set, sliding': (cache) => cache.set('k', 1, { ttl: '1m', sliding: '6s' }),
  get: (cache) => cache.get('k'),
  load: (cache) => cache.getOrCreate('k', () => 1, life),
  'fail to load': (cache) =>
    cache.getOrCreate('k', () => Promise.reject(new Error('down')), life).catch(() => 0),
  remove: (cache) => cache.remove('k'),
  removeLocal: (cache) => cache.removeLocal('k'),
  expire: (cache) => cache.expire('k'),
  removeByTag: (cache) => cache.removeByTag('t'),
  expireByTag: (cache) => cache.expireByTag('t'),
  clear: (cache) => cache.clear(),
  flush: (_, { redis, clock }) => {
    redis.flush()
    return clock.advance(1) // versions are the server's time
  },
  'a second passes': (_, { clock }) => clock.advance(1000),
  'five seconds pass': (_, { clock }) => clock.advance(5000),
  'fifteen seconds pass': (_, { clock }) => clock.advance(15_000),
  'Redis fails': (_, world) => world.cut(),
}

const histories = fc.array(
  fc
    .tuple(fc.constantFrom(...Object.keys(steps)), fc.constantFrom(0, 0, 1))
    .map(([name, who]) => ({ name, who })),
  { maxLength: 7 },
)

/** A retry would wait for the clock, which stands still. */
const impatient = { l2: { retries: 0 } } as const

const readings = fc.constantFrom<EntryOptions>(
  {},
  life,
  { swr: '10s' },
  { staleIfError: '30s' },
  { ...life, l1: false },
  { ...life, l2: false },
  { ...life, forceRefresh: true },
  { ...life, stampede: 'global' },
  { ...life, stampede: 'off' },
)

/** Everything that a read could change. A request that fails counts for the breaker, whoever sent it. */
function stateOf({ redis }: World, cache: HybridCache): unknown {
  const { l2, ...stats } = cache.stats()
  const { requests: _, commands: __, errors: ___, breaker: ____, ...rest } = l2
  return structuredClone([redis.values, redis.versions, redis.sets, stats, rest])
}

/** What a read came to, by the events that it raised. */
async function courseOf(
  cache: HybridCache,
  options: EntryOptions,
): Promise<Pick<Explanation, 'getOrCreate' | 'refreshes'>> {
  const [hits, stale, refreshes] = [record(cache, 'hit'), record(cache, 'stale'), record(cache, 'refresh')]
  await cache.getOrCreate('k', () => 2, options)
  const course = stale.length > 0 ? 'stale' : (hits[0]?.tier ?? 'load')
  return { getOrCreate: course, refreshes: refreshes.length > 0 }
}

async function happen(world: World, history: readonly { name: string; who: number }[]): Promise<HybridCache> {
  const isolates = await Promise.all([world.warm(impatient), world.warm(impatient)])
  for (const { name, who } of history)
    await Promise.resolve(steps[name]?.(isolates[who] as HybridCache, world)).catch(() => undefined)
  for (let i = 0; i < 10; i++) await settle() // what goes on behind the calls
  return isolates[0]
}

describe('explain', () => {
  test('says what a read then does, changes nothing, and says the same again', async () => {
    await fc.assert(
      fc.asyncProperty(histories, readings, fc.boolean(), async (history, options, asGet) => {
        const world = new World()
        const cache = await happen(world, history)
        const before = stateOf(world, cache)
        const said = await explain(cache, 'k', options)
        expect(stateOf(world, cache)).toEqual(before)
        const again = await explain(cache, 'k', options)
        if (again.breaker === 'closed') expect(again).toEqual(said)
        if (asGet) {
          const hits = record(cache, 'hit')
          await cache.get('k', { l1: options.l1 ?? true, l2: options.l2 ?? true, tags: options.tags ?? [] })
          expect(said.get).toBe(hits[0]?.tier ?? 'nothing')
        } else {
          const { getOrCreate, refreshes } = said
          expect({ getOrCreate, refreshes }).toEqual(await courseOf(cache, options))
        }
      }),
      { numRuns: 1500 },
    )
  })

  test('says whether a failing factory would be survived', async () => {
    await fc.assert(
      fc.asyncProperty(histories, readings, async (history, options) => {
        const world = new World()
        const cache = await happen(world, history)
        const said = await explain(cache, 'k', options)
        fc.pre(said.getOrCreate === 'load')
        const checks = record(cache, 'check')
        const call = cache.getOrCreate('k', () => Promise.reject(new Error('down')), options)
        const survived = await call.then(
          () => true,
          () => false,
        )
        // Who finds that too much was missed is more careful than could be foreseen.
        fc.pre(!checks.some(({ reset }) => reset))
        expect(said.survivesFailure).toBe(survived)
      }),
      { numRuns: 500 },
    )
  })

  test('knows what was expired by a tag a moment ago', async () => {
    const world = new World()
    const cache = await world.warm()
    const fails = (): Promise<never> => Promise.reject(new Error('down'))
    // Of no use once it has ended, and it just has.
    await cache.set('k', 1, { ttl: '10s', tags: ['t'] })
    await cache.expireByTag('t')
    expect((await explain(cache, 'k', life)).survivesFailure).toBe(false)
    await expect(cache.getOrCreate('k', fails, life)).rejects.toThrow('down')
    // Fresh until now, while the origin is being left alone.
    await cache.set('r', 1, life)
    for (const key of world.redis.values.keys())
      if (key.endsWith(':r')) world.redis.values.set(key, { value: 'foreign', expires: Infinity })
    await cache.getOrCreate('r', fails, { ...life, forceRefresh: true }).catch(() => 0)
    await cache.expireByTag('t')
    expect(await explain(cache, 'r', life)).toMatchObject({ getOrCreate: 'stale', resting: true })
    expect(await cache.getOrCreate('r', () => 2, life)).toBe(1)
  })

  test.each(['expire', 'expireByTag'] as const)(
    'counts the window of the call from when the entry would have ended, after %s',
    async (method) => {
      const world = new World()
      const [writer, reader] = await Promise.all([world.warm(), world.warm()])
      await writer.set('k', 1, { ttl: '10s', staleIfError: '1m', tags: ['t'] })
      await writer[method](method === 'expire' ? 'k' : 't')
      await world.clock.advance(14_000)
      const fails = (): Promise<never> => Promise.reject(new Error('down'))
      for (const cache of [writer, reader])
        for (const [staleIfError, survives] of [
          ['3s', false],
          ['5s', true],
        ] as const) {
          expect((await explain(cache, 'k', { staleIfError })).survivesFailure).toBe(survives)
          const value = cache.getOrCreate('k', fails, { staleIfError }).catch(() => 'down')
          expect(await value).toBe(survives ? 1 : 'down')
        }
    },
  )

  test('tells what is the matter with what a tier has', async () => {
    const world = new World()
    const [cache, other] = await Promise.all([world.warm(), world.warm()])
    const shop = cache.namespace('shop')
    const states = async (key: string, options?: EntryOptions): Promise<unknown[]> => {
      const { l1, l2 } = await explain(shop, key, options)
      return [l1.state, l1.reason, l2.state, l2.reason]
    }
    expect(await states('k')).toEqual(['absent', undefined, 'absent', undefined])
    expect(await states('k', { l1: false, l2: false })).toEqual(['off', undefined, 'off', undefined])
    await shop.set('k', 1, { ...life })
    expect(await states('k')).toEqual(['fresh', undefined, 'fresh', undefined])
    await world.clock.advance(5000)
    expect(await states('k')).toEqual(['stale', 'localTtl', 'fresh', undefined])
    await world.clock.advance(6000)
    expect(await states('k')).toEqual(['stale', 'ended', 'stale', 'ended'])
    await other.namespace('shop').expire('k')
    expect(await states('k')).toEqual(['stale', 'ended', 'expired', 'key'])
    await shop.set('k', 1, { ...life })
    await other.namespace('shop').removeByTag('t')
    await world.clock.advance(5000) // the news are due
    expect(await states('k')).toEqual(['stale', 'localTtl', 'removed', 'tag'])
    await shop.set('k', 1, { ...life })
    await shop.expireByTag('t')
    expect(await states('k')).toEqual(['expired', undefined, 'expired', 'tag'])
    await shop.set('k', 1, { ...life })
    await other.clear()
    await world.clock.advance(5000)
    expect(await states('k')).toEqual(['stale', 'localTtl', 'removed', 'clear'])
    await shop.remove('k')
    expect(await states('k')).toEqual(['absent', undefined, 'removed', 'key'])
    const address = [...world.redis.values.keys()].find((each) => each.endsWith('e:k')) ?? ''
    world.redis.values.set(address, { value: '{"not":"ours"}', expires: Infinity })
    expect(await states('k')).toEqual(['absent', undefined, 'unusable', 'foreign'])
    await shop.set('k', 1)
    world.redis.flush()
    await other.set('j', 1)
    world.cut()
    const asked = states('k')
    await world.clock.advance(1000)
    expect((await asked).slice(2)).toEqual(['unreachable', 'L2_NETWORK'])
  })

  test('sees a load on its way here, and one of another isolate', async () => {
    const world = new World()
    const [cache, other] = await Promise.all([world.warm(), world.warm()])
    const origin = new Origin()
    const call = cache.getOrCreate('k', origin.factory, { stampede: 'global' })
    await settle()
    expect(await explain(cache, 'k')).toMatchObject({ getOrCreate: 'join', get: 'nothing' })
    expect(await explain(cache, 'k', { stampede: 'off' })).toMatchObject({ getOrCreate: 'load' })
    expect(await explain(other, 'k', { stampede: 'global' })).toMatchObject({ getOrCreate: 'wait' })
    expect(await explain(other, 'k')).toMatchObject({ getOrCreate: 'load' })
    origin.last.finish('made')
    await call
    expect(await explain(other, 'k')).toMatchObject({ getOrCreate: 'l2', l2: { state: 'fresh', tags: [] } })
  })

  test('asks Redis for nothing while the breaker is open, and rejects what the read would reject', async () => {
    const world = new World()
    const cache = await world.warm({ breaker: { failures: 1 }, l2: { retries: 0 } })
    world.cut()
    await cache.get('k')
    world.redis.take()
    expect(await explain(cache, 'k')).toMatchObject({ breaker: 'open', l2: { reason: 'BREAKER_OPEN' } })
    expect(world.redis.take()).toEqual([])
    await expect(explain(cache, '')).rejects.toThrow(TypeError)
    await expect(explain(cache, 'k', { ttl: -1 })).rejects.toThrow(TypeError)
    await expect(explain(cache, 'k', { signal: AbortSignal.abort('gone') })).rejects.toBe('gone')
  })

  test('never tells the value', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'canary-value', life)
    expect(JSON.stringify(await explain(cache, 'k'))).not.toContain('canary')
  })
})
