import { expect, test } from 'vitest'
import type { EntryOptions, HybridCache, LoadContext } from '../../../src/index.ts'
import { Origin } from '../../support/origin.ts'
import { settle } from '../../support/manual-clock.ts'
import { World } from '../../support/world.ts'

// An invalidation that could not be sent is told to its caller, and L1 lets go all the same: whether Redis did it nobody knows.

const invalidations = ['removeByTag', 'expireByTag', 'clear'] as const

test.each(invalidations)('%s that fails rejects, and what L1 held of it is gone', async (name) => {
  const world = new World()
  const cache = await world.warm()
  await cache.set('tagged', 1, { tags: ['t'] })
  await cache.set('other', 2, { tags: ['u'] })
  world.redis.before = () => {
    throw new TypeError('fetch failed')
  }
  const failing = expect(name === 'clear' ? cache.clear() : cache[name]('t')).rejects.toMatchObject({
    code: 'L2_NETWORK',
    retryable: true,
  })
  await world.clock.advance(1000)
  await failing
  expect(cache.getLocal('tagged')).toBeUndefined()
  expect(cache.getLocal('other')).toBe(name === 'clear' ? undefined : 2)
})

/** The invalidation, of which nobody knows whether it was done. */
async function inDoubt(world: World, invalidation: () => Promise<unknown>): Promise<void> {
  world.redis.replies.set('InvalidateTags', 'nonsense')
  await expect(invalidation()).rejects.toThrow()
  world.redis.replies.clear()
}

test.each<[string, (cache: HybridCache, root: HybridCache) => Promise<unknown>]>([
  ['removeByTag', (cache) => cache.removeByTag('t')],
  ['expireByTag', (cache) => cache.expireByTag('t')],
  ['clear', (cache) => cache.clear()],
  ['clear of the root', (_, root) => root.clear()],
])(
  '%s: nobody joins a load of what may have been invalidated, and L1 keeps nothing of it',
  async (_, invalidate) => {
    const world = new World()
    const root = await world.warm()
    const cache = root.namespace('n')
    const origin = new Origin<string>()
    const first = cache.getOrCreate('k', origin.factory, { tags: ['t'] })
    await settle()
    await inDoubt(world, () => invalidate(cache, root))
    const second = cache.getOrCreate('k', origin.factory, { tags: ['t'] })
    await settle()
    expect(origin.runs).toHaveLength(2)
    origin.runs[0]?.finish('old')
    expect(await first).toBe('old')
    expect(cache.getLocal('k')).toBeUndefined()
    origin.runs[1]?.finish('new')
    expect(await second).toBe('new')
    expect(cache.getLocal('k')).not.toBe('old')
  },
)

test.each(['k', 'k\u{10000}', '\u{103ff}k', 'n\u{10000}', '\u{1f600}'])(
  'of the root too, whatever its keys are: %s',
  async (key) => {
    const world = new World()
    const cache = await world.warm()
    const origin = new Origin<string>()
    const first = cache.getOrCreate(key, origin.factory, { tags: ['t'] })
    await settle()
    await inDoubt(world, () => cache.removeByTag('t'))
    const second = cache.getOrCreate(key, origin.factory, { tags: ['t'] })
    await settle()
    expect(origin.runs).toHaveLength(2)
    for (const run of origin.runs) run.finish('v')
    expect([await first, await second]).toEqual(['v', 'v'])
  },
)

test.each<[string, (cache: HybridCache, root: HybridCache) => Promise<unknown>]>([
  ['what has a tag', (cache) => cache.removeByTag('t')],
  ['a namespace', (cache) => cache.clear()],
  ['everything', (_, root) => root.clear()],
])('L1 keeps nothing that was read before %s may have been invalidated', async (_, invalidate) => {
  const world = new World()
  await world
    .isolate()
    .namespace('n')
    .set('k', 'old', { tags: ['t'] })
  const root = await world.warm()
  const cache = root.namespace('n')
  const gate = world.hold('GET', 'after')
  const reading = cache.get('k', { tags: ['t'] })
  await gate.reached
  await inDoubt(world, () => invalidate(cache, root))
  gate.open()
  expect(await reading).toBe('old')
  expect(cache.getLocal('k')).toBeUndefined()
})

test.each<[string, EntryOptions, (ctx: LoadContext) => void]>([
  ['that nobody may join', { tags: ['t'], stampede: 'off' }, () => undefined],
  ['whose factory names the tag', {}, (ctx) => void (ctx.tags = ['t'])],
])('L1 keeps nothing of a load %s, either', async (_, options, decide) => {
  const world = new World()
  const cache = await world.warm()
  const origin = new Origin<string>()
  const loading = cache.getOrCreate(
    'k',
    async (ctx) => {
      decide(ctx)
      return origin.factory(ctx)
    },
    options,
  )
  await settle()
  await inDoubt(world, () => cache.removeByTag('t'))
  origin.runs[0]?.finish('old')
  expect(await loading).toBe('old')
  expect(cache.getLocal('k')).toBeUndefined()
})

test.each<[string, (cache: HybridCache, root: HybridCache) => Promise<unknown>]>([
  ['another namespace', (_, root) => root.namespace('m').removeByTag('t')],
  ['the root', (_, root) => root.expireByTag('t')],
  ['another namespace, all of it', (_, root) => root.namespace('m').clear()],
])('a load goes on where what may have been invalidated is of %s', async (_, invalidate) => {
  const world = new World()
  const root = await world.warm()
  const origin = new Origin<string>()
  const load = (): Promise<string> => root.namespace('n').getOrCreate('k', origin.factory, { tags: ['t'] })
  const first = load()
  await settle()
  await inDoubt(world, () => invalidate(root.namespace('n'), root))
  const second = load()
  await settle()
  for (const run of origin.runs) run.finish('v')
  expect([await first, await second, origin.runs.length]).toEqual(['v', 'v', 1])
  expect(root.namespace('n').getLocal('k')).toBe('v')
})

test.each(invalidations)('a load goes on where the breaker has let no %s leave', async (name) => {
  const world = new World()
  const cache = await world.warm({ breaker: { failures: 1 }, l2: { retries: 0 } })
  world.cut()
  await cache.get('x')
  const origin = new Origin<string>()
  const load = (): Promise<string> => cache.getOrCreate('k', origin.factory, { tags: ['t'] })
  const first = load()
  await settle()
  const invalidation = name === 'clear' ? cache.clear() : cache[name]('t')
  await expect(invalidation).rejects.toMatchObject({ code: 'BREAKER_OPEN' })
  const second = load()
  await settle()
  for (const run of origin.runs) run.finish('v')
  expect([await first, await second, origin.runs.length]).toEqual(['v', 'v', 1])
  expect(cache.getLocal('k')).toBe('v')
})

test('where it is not known whether a namespace was cleared, it lets go of its own copies, and of no others', async () => {
  const world = new World()
  const cache = await world.warm({ l2: { retries: 0 } })
  await cache.set('k', 'root')
  await cache.namespace('n').set('k', 'n')
  world.cut()
  await expect(cache.namespace('n').clear()).rejects.toMatchObject({ code: 'L2_NETWORK' })
  expect(cache.namespace('n').getLocal('k')).toBeUndefined()
  expect(cache.getLocal('k')).toBe('root')
})
