import { describe, expect, test } from 'vitest'
import {
  compareAndSwap,
  type ConditionalOptions,
  setIfExists,
  setIfNotExists,
} from '../../../src/atomic/index.ts'
import { createHybridCache, type HybridCache, RedisReplyError } from '../../../src/index.ts'
import { ManualClock, MemoryTransport } from '../../../src/testing/index.ts'
import { due } from '../../support/coherence.ts'
import { record, World } from '../../support/world.ts'

type Run = (cache: HybridCache<true>, options?: ConditionalOptions) => Promise<boolean>

const writes: [string, Run, boolean][] = [
  ['setIfExists', (cache, options) => setIfExists(cache, 'k', 'new', options), false],
  ['compareAndSwap', (cache, options) => compareAndSwap(cache, 'k', 'old', 'new', options), false],
  ['setIfNotExists', (cache, options) => setIfNotExists(cache, 'k', 'new', options), true],
]

describe.each(writes)('over an entry with tags %s', (_, write, stores) => {
  test('goes by what others have removed, though no poll of the log is due', async () => {
    for (const namespace of [undefined, 'n']) {
      const world = new World()
      const isolate = async (): Promise<HybridCache<true>> => {
        const cache = (await world.warm()) as HybridCache<true>
        return namespace === undefined ? cache : cache.namespace(namespace)
      }
      const [own, other] = [await isolate(), await isolate()]
      for (const tags of [['t'], ['a,b', 't']]) {
        await other.set('k', 'old', { tags })
        await own.get('k', { l1: false })
        await other.removeByTag('t')
        expect(await write(own)).toBe(stores)
        expect(await (await isolate()).get('k')).toBe(stores ? 'new' : undefined)
        await other.remove('k')
      }
    }
  })

  test('goes by them while a poll is on its way', async () => {
    const world = new World()
    const [own, other] = [(await world.warm()) as HybridCache<true>, await world.warm()]
    await other.set('k', 'old', { tags: ['t'] })
    await world.clock.advance(due)
    const gate = world.hold('ZRANGE', 'after')
    const read = own.get('another', { l1: false })
    await gate.reached
    await other.removeByTag('t')
    expect(await write(own)).toBe(stores)
    gate.open()
    await read
  })

  test('goes by an own removal that is still unanswered', async () => {
    const world = new World()
    const own = (await world.warm()) as HybridCache<true>
    await own.set('k', 'old', { tags: ['t'] })
    const gate = world.hold('InvalidateTags', 'after')
    const removed = own.removeByTag('t')
    await gate.reached
    expect(await write(own)).toBe(stores)
    gate.open()
    await removed
  })

  test('goes by an own removal whose version Redis has lost', async () => {
    for (const end of ['removeByTag', 'expireByTag'] as const) {
      const clock = new ManualClock()
      const redis = new MemoryTransport({ clock })
      const own = createHybridCache({ redis, clock }) as HybridCache<true>
      await own.set('k', 'old', { tags: ['t'] })
      await own[end]('t')
      await redis.send([['DEL', 'hc:t:t', 'hc:x:t']], {
        signal: AbortSignal.timeout(60_000),
        idempotent: true,
      })
      expect([end, await write(own)]).toEqual([end, stores])
    }
  })

  test('asks nothing more if the new value has the same', async () => {
    const world = new World()
    const own = (await world.warm()) as HybridCache<true>
    await own.set('k', 'old', { tags: ['t', 'a,b'] })
    world.redis.take()
    await write(own, { tags: ['t', 'a,b'] })
    expect(world.redis.take().length).toBeLessThanOrEqual(2) // one is for the script
    for (const tags of [
      ['t', 'a,b'],
      ['a,b', 't', 't'],
    ]) {
      await own.set('k', 'old', { tags: ['t', 'a,b'] })
      world.redis.take()
      await write(own, { tags })
      expect(world.redis.take()).toHaveLength(1)
    }
  })
})

// Who reads again and tries again would never come to an end.
describe.each(['setIfExists', 'compareAndSwap'] as const)('an isolate that learns from %s', (name) => {
  const write = writes.find(([each]) => each === name)?.[1] as Run

  test.each(['removeByTag', 'clear'] as const)(
    'that a %s has ended a value reads it no more',
    async (end) => {
      for (const namespace of [undefined, 'n']) {
        const world = new World()
        const viewOf = (cache: HybridCache): HybridCache<true> =>
          (namespace === undefined ? cache : cache.namespace(namespace)) as HybridCache<true>
        const [own, other] = [viewOf(await world.warm()), viewOf(await world.warm())]
        await own.set('k', 'old', { tags: ['t'] })
        await own.get('k', { l1: false }) // asks for the version of its namespace
        await other[end]('t')
        expect(await own.get('k', { l1: false })).toBe('old')
        expect(await write(own, { tags: ['t'] })).toBe(false)
        world.redis.take()
        expect(await own.get('k')).toBeUndefined()
        expect(world.redis.take()).toEqual([['ZRANGE', 'GET']])
        await own.get('k')
        expect(world.redis.take()).toEqual([['GET']])
      }
    },
  )

  test('that its own removal has ended one need not poll the log', async () => {
    const world = new World()
    const own = (await world.warm()) as HybridCache<true>
    await own.set('k', 'old', { tags: ['t'] })
    await world.isolate().set('another', 1)
    await own.removeByTag('t')
    expect(await write(own, { tags: ['t'] })).toBe(false)
    world.redis.take()
    await own.get('k')
    expect(world.redis.take()).toEqual([['GET']])
  })

  test('before its first read was answered reads it no more', async () => {
    const world = new World()
    const [own, other] = [world.isolate(), await world.warm()]
    const gate = world.hold('MGET', 'after')
    const first = own.get('another')
    await gate.reached
    await other.set('k', 'old', { tags: ['t'] })
    await other.removeByTag('t')
    expect(await write(own, { tags: ['t'] })).toBe(false)
    gate.open()
    await first
    expect(await own.get('k')).toBeUndefined()
  })

  test('asks again where a poll is never answered', async () => {
    const world = new World()
    const options = { l2: { timeout: '1h' }, coherence: { interval: '1d' } } as const
    const [own, other] = [(await world.warm(options)) as HybridCache<true>, await world.warm()]
    await own.set('k', 'old', { tags: ['t'] })
    await other.removeByTag('t')
    expect(await write(own, { tags: ['t'] })).toBe(false)
    const gate = world.holdNext()
    const lost = own.get('k')
    await gate.reached
    await world.clock.advance('3s')
    expect(await own.get('k', { l1: false })).toBeUndefined()
    gate.open()
    await lost
  })

  test('starts over once where the log is lost', async () => {
    const world = new World()
    const [own, other] = [(await world.warm()) as HybridCache<true>, await world.warm()]
    await own.set('k', 'old', { tags: ['t'] })
    await other.removeByTag('t')
    expect(await write(own, { tags: ['t'] })).toBe(false)
    await world.redis.send([['DEL', 'hc:m:log']], { signal: AbortSignal.timeout(60_000), idempotent: true })
    const resets = record(own, 'check')
    for (const key of ['a', 'b', 'c', 'd']) await own.get(key)
    expect(resets).toMatchObject([{ reset: true }])
  })

  test('polls until that has succeeded', async () => {
    const world = new World()
    const [own, other] = [(await world.warm({ l2: { retries: 0 } })) as HybridCache<true>, await world.warm()]
    await own.set('k', 'old', { tags: ['t'] })
    await other.removeByTag('t')
    expect(await write(own, { tags: ['t'] })).toBe(false)
    world.redis.replies.set('ZRANGE', new RedisReplyError('ERR no'))
    await own.get('k').catch(() => undefined)
    world.redis.replies.delete('ZRANGE')
    expect(await own.get('k')).toBeUndefined()
  })
})

const invalidations: [string, (cache: HybridCache<true>) => Promise<void>][] = [
  ['clear', (cache) => cache.clear()],
  ['removeByTag', (cache) => cache.removeByTag('t')],
  ['expireByTag', (cache) => cache.expireByTag('t')],
]

test.each(invalidations)(
  'setIfExists brings back nothing that a %s beside it has ended, before or behind it',
  async (_, end) => {
    for (const first of [true, false]) {
      const clock = new ManualClock()
      const cache = createHybridCache({ redis: new MemoryTransport({ clock }), clock }) as HybridCache<true>
      await cache.set('k', 'old', { tags: ['t'] })
      const ended = first ? end(cache) : undefined
      const stored = setIfExists(cache, 'k', 'new')
      await (ended ?? end(cache))
      expect(await stored).toBe(false)
      expect(await cache.get('k')).toBeUndefined()
    }
  },
)

describe('brings back nothing that', () => {
  test.each(writes)('a clear of the same tick has ended: %s', async (_, write, stores) => {
    for (const namespace of [undefined, 'n']) {
      const clock = new ManualClock()
      const root = createHybridCache({ redis: new MemoryTransport({ clock }), clock }) as HybridCache<true>
      const cache = namespace === undefined ? root : root.namespace(namespace)
      await cache.set('k', 'old')
      const cleared = cache.clear()
      const written = write(cache)
      await cleared
      expect(await written).toBe(stores)
      expect(await cache.get('k')).toBe(stores ? 'new' : undefined)
    }
  })

  test.each(writes)('another isolate has cleared since the last poll: %s', async (_, write, stores) => {
    for (const namespace of [undefined, 'n']) {
      const clock = new ManualClock()
      const redis = new MemoryTransport({ clock })
      const isolate = (): HybridCache<true> => createHybridCache({ redis, clock }) as HybridCache<true>
      const [root, other] = [isolate(), isolate()]
      const own = namespace === undefined ? root : root.namespace(namespace)
      await own.set('k', 'old')
      await setIfNotExists(own, 'something else', 1)
      await other.clear()
      expect(await write(own)).toBe(stores)
    }
  })
})

test('over an entry with tags compareAndSwap asks nothing more where there is another value', async () => {
  const world = new World()
  const [own, other] = [(await world.warm()) as HybridCache<true>, world.isolate()]
  await other.set('k', 'another', { tags: ['t'] })
  await compareAndSwap(own, 'learns the script', 1, 2)
  world.redis.take()
  expect(await compareAndSwap(own, 'k', 'expected', 'new')).toBe(false)
  expect(world.redis.take()).toEqual([['CompareAndSwapEntry']])
})
