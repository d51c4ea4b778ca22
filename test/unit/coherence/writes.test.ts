import { describe, expect, test, vi } from 'vitest'
import type { HybridCache } from '../../../src/index.ts'
import { due, patient } from '../../support/coherence.ts'
import { settle } from '../../support/manual-clock.ts'
import { World } from '../../support/world.ts'

// What a write of this isolate ends, here and for others, and what no slower operation may bring back.

/** A load whose factory waits until the test finishes it. */
function slowLoad(cache: HybridCache, options: object = {}): { value: Promise<unknown>; finish: () => void } {
  let finish!: () => void
  const made = new Promise<string>((resolve) => void (finish = () => resolve('old')))
  return { value: cache.getOrCreate('k', () => made, options), finish }
}

type Write = readonly [string, (cache: HybridCache) => Promise<void>, unknown]

const writes: Write[] = [
  ['set', (cache) => cache.set('k', 'new'), 'new'],
  ['remove', (cache) => cache.remove('k'), undefined],
  ['removeByTag', (cache) => cache.removeByTag('t'), undefined],
  ['clear', (cache) => cache.clear(), undefined],
  ['expire', (cache) => cache.expire('k'), undefined],
  ['expireByTag', (cache) => cache.expireByTag('t'), undefined],
]
const tags = ['t']

describe.each(writes)('after a %s', (_, write, expected) => {
  test('no copy is given away, from either tier, here or by a new isolate', async () => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'old', { tags })
    await write(cache)
    expect(cache.getLocal('k')).toBe(expected)
    expect(await cache.get('k')).toBe(expected)
    expect(await cache.get('k', { l1: false })).toBe(expected)
    expect(await world.isolate().get('k')).toBe(expected)
  })

  test('V12, V13: what a load that began before makes is stored nowhere', async () => {
    const world = new World()
    const cache = await world.warm()
    const { value, finish } = slowLoad(cache, { tags })
    await settle()
    await write(cache)
    finish()
    expect(await value).toBe('old')
    expect(cache.getLocal('k')).toBe(expected)
    expect(await world.isolate().get('k')).toBe(expected)
  })

  test('V13: nor where another isolate wrote, and this one does not know yet', async () => {
    const world = new World()
    const [cache, other] = [await world.warm(), await world.warm()]
    const { value, finish } = slowLoad(cache, { tags })
    await settle()
    await write(other)
    finish()
    await value
    expect(await world.isolate().get('k')).toBe(expected)
    await world.clock.advance(due)
    await cache.get('any')
    expect(cache.getLocal('k')).toBe(undefined)
    expect(await cache.get('k')).toBe(expected)
  })

  test('V27: no call joins a load that began before', async () => {
    const world = new World()
    const cache = await world.warm()
    const { value, finish } = slowLoad(cache, { tags })
    await settle()
    await write(cache)
    cache.removeLocal('k')
    const factory = vi.fn(() => 'loaded')
    const later = cache.getOrCreate('k', factory, { tags })
    await settle()
    expect(factory).toHaveBeenCalledTimes(expected === undefined ? 1 : 0)
    finish()
    expect(await later).toBe(expected ?? 'loaded')
    expect(await value).toBe('old')
    expect(await cache.get('k')).toBe(expected ?? 'loaded')
  })

  test('V27: nor one that began before it was learned of', async () => {
    const world = new World()
    const [cache, other] = [await world.warm(patient), await world.warm()]
    const { value, finish } = slowLoad(cache, { tags })
    await settle()
    await write(other)
    await world.clock.advance(due)
    await cache.get('any')
    const factory = vi.fn(() => 'loaded')
    expect(await cache.getOrCreate('k', factory, { tags })).toBe(expected ?? 'loaded')
    finish()
    await value
    expect(await cache.get('k')).toBe(expected ?? 'loaded')
  })

  test('V28: the end of the old load does not end the new one', async () => {
    const world = new World()
    const cache = await world.warm()
    const old = slowLoad(cache, { tags })
    await settle()
    await write(cache)
    cache.removeLocal('k')
    const fresh = slowLoad(cache, { tags, forceRefresh: true })
    await settle()
    old.finish()
    await old.value
    const never = vi.fn()
    const joining = cache.getOrCreate('k', never, { tags })
    await settle()
    fresh.finish()
    await Promise.all([fresh.value, joining])
    expect(never).not.toHaveBeenCalled()
  })

  test('V14: what is loaded or set afterwards lives', async () => {
    const world = new World()
    const cache = await world.warm()
    await write(cache)
    await cache.set('k', 1, { tags })
    expect(await cache.get('k', { l1: false })).toBe(1)
    await write(cache)
    cache.removeLocal('k')
    expect(await cache.getOrCreate('k', () => 2, { tags, forceRefresh: true })).toBe(2)
    expect(await world.isolate().get('k')).toBe(2)
    expect(cache.getLocal('k')).toBe(2)
  })

  test('V29: one whose answer was lost rejects', async () => {
    const world = new World()
    const cache = await world.warm({ l2: { retries: 0 } })
    world.redis.after = () => {
      throw new TypeError('fetch failed')
    }
    await expect(write(cache)).rejects.toMatchObject({ code: 'L2_NETWORK', retryable: true })
    world.redis.after = undefined
    if (expected === undefined) await write(cache)
  })
})

describe('stale copies', () => {
  const options = { tags, ttl: '1s', swr: '1h', staleIfError: '1h' } as const
  const ended: Write[] = writes.filter(([name]) => name.startsWith('remove') || name === 'clear')

  test.each(ended)('after a %s are dead: neither given away nor shown to the factory', async (_, write) => {
    const world = new World()
    const cache = await world.warm()
    await cache.set('k', 'old', options)
    await write(cache)
    await world.clock.advance(1000)
    for (const isolate of [cache, world.isolate()]) {
      const factory = vi.fn(({ stale }) => {
        expect(stale).toBeUndefined()
        throw new Error('down')
      })
      await expect(isolate.getOrCreate('k', factory, options)).rejects.toThrow('down')
      expect(factory).toHaveBeenCalledTimes(1)
    }
  })

  test.each(writes.filter(([name]) => name.startsWith('expire')))(
    'after an %s serve where the load fails, and no sooner',
    async (_, write) => {
      const world = new World()
      const work: Promise<unknown>[] = []
      const waitUntil = (promise: Promise<unknown>): void => void work.push(promise)
      const cache = await world.warm({ waitUntil })
      await cache.set('k', 'old', { ...options, ttl: '10s' })
      await write(cache)
      for (const isolate of [cache, await world.warm({ waitUntil })]) {
        const seen: unknown[] = []
        const factory = ({ stale }: { stale: { value: unknown } | undefined }): never => {
          seen.push(stale?.value)
          throw new Error('down')
        }
        expect(await isolate.getOrCreate('k', factory, options)).toBe('old')
        expect(seen).toEqual(['old'])
      }
      expect(await world.isolate().getOrCreate('k', () => 'new', options)).toBe('new')
      await Promise.all(work)
    },
  )
})

describe('a namespace', () => {
  test('V32: a clear of its own leaves the rest; that of the root ends all', async () => {
    const world = new World()
    const [cache, other] = [await world.warm(), await world.warm()]
    const names = ['', 'a', 'b'] as const
    const viewOf = (root: HybridCache, name: string): HybridCache =>
      name === '' ? root : root.namespace(name)
    for (const name of names) await viewOf(cache, name).set('k', name, { tags: ['*'] })
    for (const name of names) await viewOf(other, name).get('k')
    await cache.namespace('a').clear()
    await world.clock.advance(due)
    await other.get('any')
    for (const isolate of [cache, other, world.isolate()])
      expect(await Promise.all(names.map((name) => viewOf(isolate, name).get('k')))).toEqual([
        '',
        undefined,
        'b',
      ])
    await cache.clear()
    await world.clock.advance(due)
    await other.get('any')
    for (const isolate of [cache, other, world.isolate()])
      expect(await Promise.all(names.map((name) => viewOf(isolate, name).get('k')))).toEqual(
        names.map(() => undefined),
      )
  })

  test('V32: has keys and tags of its own, a tag named * too', async () => {
    const world = new World()
    const [cache, other] = [await world.warm(), await world.warm()]
    const inside = cache.namespace('e')
    await inside.set('x', 1, { tags })
    await cache.set('e:x', 2, { tags })
    await cache.removeByTag('*')
    await cache.remove('e:x')
    await cache.removeByTag('t')
    expect([await inside.get('x'), await other.namespace('e').get('x')]).toEqual([1, 1])
    await inside.removeByTag('t')
    expect(inside.getLocal('x')).toBeUndefined()
    await world.clock.advance(due)
    await other.get('any')
    expect(other.namespace('e').getLocal('x')).toBeUndefined()
  })
})

describe('in memory only', () => {
  test.each(writes)('%s ends what is there, and what is loaded since lives', async (_, write, expected) => {
    const world = new World()
    const cache = world.memoryOnly()
    await cache.set('k', 'old', { tags })
    await cache.set('other', 1)
    await write(cache)
    expect(await cache.get('k')).toBe(expected)
    expect(cache.getLocal('other')).toBe(_ === 'clear' ? undefined : 1)
    cache.removeLocal('k')
    expect(await cache.getOrCreate('k', () => 'loaded', { tags })).toBe('loaded')
    expect(cache.getLocal('k')).toBe('loaded')
  })

  test.each(writes)('%s keeps what a load that began before makes out of L1', async (_, write, expected) => {
    const cache = new World().memoryOnly()
    const { value, finish } = slowLoad(cache, { tags })
    await settle()
    await write(cache)
    finish()
    expect(await value).toBe('old')
    expect(cache.getLocal('k')).toBe(expected)
  })
})
