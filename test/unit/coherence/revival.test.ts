import { describe, expect, test } from 'vitest'
import type { HybridCache, LoadContext } from '../../../src/index.ts'
import { RedisReplyError } from '../../../src/redis/index.ts'
import { due, patient } from '../../support/coherence.ts'
import { nameOf } from '../../support/fake-redis.ts'
import { settle } from '../../support/manual-clock.ts'
import { watch, World } from '../../support/world.ts'

const stale = { ttl: '1s', staleIfError: '1h' } as const
const swr = { ttl: '1s', swr: '1h' } as const

function fails(): never {
  throw new Error('the origin is ill')
}

describe('what was removed while a load was on its way does not come back', () => {
  test('by notModified(), where the load learned of the removal before its stale copy came', async () => {
    const world = new World()
    const writer = await world.warm()
    await writer.set('k', 'old', stale)
    const cache = await world.warm(patient)
    await world.clock.advance(2000)
    const gate = world.hold('GET', 'after')
    const loading = cache.getOrCreate('k', (ctx) => (ctx.stale ? ctx.notModified() : 'new'), stale)
    await gate.reached
    world.redis.after = undefined
    await writer.remove('k')
    await world.clock.advance(due)
    await cache.get('other')
    gate.open()
    expect(await loading).toBe('new')
    expect(await writer.get('k', { l1: false })).toBe('new')
  })

  describe('though the news of it came, and the value that was asked for with them did not', () => {
    const refused = new RedisReplyError('ERR max requests limit exceeded')

    /** An isolate whose L1 has a stale copy of what another has removed, and that is about to learn of it. */
    async function outdated(): Promise<{ world: World; cache: HybridCache; writer: HybridCache }> {
      const world = new World()
      const [writer, cache] = [await world.warm(), await world.warm(patient)]
      await writer.set('k', 'old', stale)
      expect(await cache.get('k')).toBe('old')
      await world.clock.advance(2000)
      await writer.remove('k')
      await world.clock.advance(due)
      world.redis.replies.set('GET', refused)
      return { world, cache, writer }
    }

    test('by notModified()', async () => {
      const { cache } = await outdated()
      const make = (ctx: LoadContext<string>): string => {
        if (ctx.stale !== undefined) ctx.notModified()
        return 'new'
      }
      expect(await cache.getOrCreate('k', make, stale)).toBe('new')
      expect(cache.getLocal('k')).not.toBe('old')
    })

    test('as a stale value for a factory that fails', async () => {
      const { cache } = await outdated()
      await expect(cache.getOrCreate('k', fails, stale)).rejects.toThrow('the origin is ill')
    })

    test('but what was only expired does', async () => {
      const { world, cache, writer } = await outdated()
      world.redis.replies.clear()
      await writer.set('k', 'newer', { ...stale, ttl: '1h' })
      await world.clock.advance(due)
      expect(await cache.get('k')).toBe('newer')
      await writer.expire('k')
      await world.clock.advance(due)
      world.redis.replies.set('GET', refused)
      expect(await cache.getOrCreate('k', fails, stale)).toBe('newer')
    })
  })

  test('by notModified(), where everything was cleared before the factory began', async () => {
    const world = new World()
    const writer = await world.warm()
    await writer.set('k', 'old', swr)
    const cache = await world.warm({ l2: { timeout: '30s', retries: 0 } })
    await cache.get('k')
    await world.clock.advance(2000)
    const gate = world.hold('LeaseEntry')
    const { before } = world.redis
    world.redis.before = async (...sent) => {
      await before?.(...sent)
      if (sent[0].some((command) => nameOf(command) === 'LeaseEntry')) throw new TypeError('fetch failed')
    }
    const first = cache.getOrCreate('k', (ctx) => (ctx.stale ? ctx.notModified() : 'new'), swr)
    await gate.reached
    await cache.clear()
    gate.open()
    await first
    await settle()
    expect(await cache.get('k')).not.toBe('old')
    expect(await writer.get('k', { l1: false })).not.toBe('old')
  })

  test.each([
    ['at once', swr],
    ['in the place of an error', stale],
  ])('nor is a stale copy of a removed tag given, %s, to who joins the load of it', async (_how, options) => {
    const world = new World()
    const writer = await world.warm()
    await writer.set('k', 'old', { ...options, tags: ['t'] })
    const cache = await world.warm()
    await world.clock.advance(2000)
    let fail = (_error: Error): void => undefined
    const failing = new Promise<never>((_resolve, reject) => (fail = reject))
    const first = watch(cache.getOrCreate('k', () => failing, options))
    await settle()
    await cache.removeByTag('t')
    const second = watch(cache.getOrCreate('k', () => 'new', options))
    await settle()
    fail(new Error('down'))
    await settle()
    expect(second.value).not.toBe('old')
    expect(first).toBeDefined()
  })

  test('nor is one whose tag was expired given at once to who joins the load of it', async () => {
    const world = new World()
    const writer = await world.warm()
    await writer.set('k', 'old', { ...swr, tags: ['t'] })
    const cache = await world.warm()
    await world.clock.advance(2000)
    let give = (_value: string): void => undefined
    const made = new Promise<string>((resolve) => (give = resolve))
    expect(await cache.getOrCreate('k', () => made, swr)).toBe('old')
    await cache.expireByTag('t')
    const second = cache.getOrCreate('k', () => made, swr)
    give('new')
    expect(await second).toBe('new')
  })

  test('nor by losing the tags that an earlier factory gave, when it is not modified', async () => {
    const world = new World()
    for (const view of [await world.warm(), (await world.warm()).namespace('n')]) {
      const make = (ctx: { tags: readonly string[] }): string => {
        ctx.tags = ['t', '*', '\\']
        return 'old'
      }
      await view.getOrCreate('k', make, stale)
      for (const tag of ['t', '*', '\\']) {
        await world.clock.advance(2000)
        await view.getOrCreate('k', (ctx) => (ctx.stale ? ctx.notModified() : make(ctx)), stale)
        expect(await view.get('k')).toBe('old')
        await view.removeByTag(tag)
        expect(await view.get('k')).toBeUndefined()
        expect(await view.get('k', { l1: false })).toBeUndefined()
        await view.getOrCreate('k', make, stale)
      }
    }
  })
})

describe('a stale copy that nobody has removed is of use', () => {
  test.each([
    ['staleIfError', stale],
    ['swr', swr],
  ])('where the isolate learns for another call where it stands, with %s', async (_, options) => {
    const world = new World()
    const writer = await world.warm()
    await writer.set('k', 'old', options)
    await writer.set('later', 1)
    await world.clock.advance(2000)
    const cache = world.isolate(patient)
    const gate = world.hold('GET', 'after')
    const first = cache.get('other')
    await settle()
    const loading = watch(cache.getOrCreate('k', fails, options))
    await settle()
    gate.open()
    await first
    await settle()
    expect([loading.value, loading.error]).toEqual(['old', undefined])
  })

  test('where it was stored after a removal of which the news comes in the same answer', async () => {
    const rare = { ...patient, coherence: { interval: '5m' } } as const
    const world = new World()
    const [writer, other, cache] = [await world.warm(), await world.warm(rare), await world.warm(rare)]
    await writer.remove('k')
    await world.clock.advance('70s') // the tombstone is gone
    await other.getOrCreate('k', () => 'old', { ttl: '1m', staleIfError: '1h' })
    await world.clock.advance('4m')
    expect(await cache.getOrCreate('k', fails, { ttl: '1m', staleIfError: '1h' })).toBe('old')
  })

  test.each([
    ['staleIfError', stale],
    ['swr', swr],
  ])('where the log has a gap, with %s', async (_, options) => {
    const world = new World()
    const writer = await world.warm()
    await writer.set('k', 'old', options)
    await writer.set('later', 1)
    const cache = await world.warm(patient)
    await world.clock.advance(due)
    world.redis.sets.clear()
    expect(await cache.getOrCreate('k', fails, options)).toBe('old')
  })
})

describe('a stale copy is of no use for longer than its caller puts up with', () => {
  test.each(['30s', '2m'] as const)('where the log has a gap, with %s', async (staleIfError) => {
    const world = new World()
    const writer = await world.warm()
    await writer.set('k', 'old', stale)
    await writer.set('later', 1)
    const cache = await world.warm(patient)
    await world.clock.advance('1m')
    world.redis.sets.clear()
    const call = cache.getOrCreate('k', fails, { ttl: '1s', staleIfError })
    if (staleIfError === '2m') expect(await call).toBe('old')
    else await expect(call).rejects.toThrow('ill')
  })

  test.each([
    ['a tag', '1m'],
    ['a tag', '8m'],
    ['a tag', '10m'],
    ['its key', '1m'],
    ['its key', '8m'],
    ['its key', '10m'],
    ['its key, twice', '8m'],
    ['its key, twice', '10m'],
  ] as const)('where %s has expired it, after %s', async (what, life) => {
    const world = new World()
    const writer = await world.warm()
    await writer.set('k', 'old', { ttl: '5m', staleIfError: '1h', tags: ['t'] })
    if (what === 'a tag') await writer.expireByTag('t')
    else await writer.expire('k')
    if (what === 'its key, twice') await writer.expire('k')
    const cache = await world.warm(patient)
    await world.clock.advance(life)
    const call = cache.getOrCreate('k', fails, { staleIfError: '4m' })
    if (life !== '10m') expect(await call).toBe('old')
    else await expect(call).rejects.toThrow('ill')
  })

  test('which is none past its idle window, where it slides', async () => {
    const world = new World()
    const sliding = await world.warm()
    await sliding.set('k', 'old', { ttl: '10m', sliding: '1500ms' })
    const options = { l2: false, forceRefresh: true, timeout: 3000, staleIfError: '1h' } as const
    const call = watch(sliding.getOrCreate('k', () => new Promise<string>(() => undefined), options))
    await world.clock.advance(3000)
    expect(call.error).toMatchObject({ code: 'FACTORY_TIMEOUT' })
  })
})
