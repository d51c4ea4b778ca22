import { describe, expect, test } from 'vitest'
import type { HybridCache } from '../../../src/index.ts'
import { nameOf } from '../../support/fake-redis.ts'
import { stateOf } from '../../support/origin.ts'
import { World } from '../../support/world.ts'

// A `set` that takes longer to encode than a later write to its key takes to be sent.

const slow = 'a value that is compressed '.repeat(40)
const options = { compression: { threshold: 500 }, l2: { retries: 0 } } as const

type Later = (cache: HybridCache) => Promise<unknown>

async function overtaken(
  later: Later,
  fate: 'kept' | 'refused' | 'lost' | 'late',
): Promise<{ world: World; first: Promise<unknown>; second: Promise<unknown> }> {
  const world = new World()
  const cache = await world.warm(options)
  await cache.set('k', 'old')
  let requests = 0
  const isLater = (): boolean => ++requests === 1
  world.redis.before = () => {
    if (fate === 'refused' && isLater()) throw new TypeError('fetch failed')
  }
  world.redis.after = async () => {
    if (fate === 'lost' && isLater()) throw new TypeError('fetch failed')
    if (fate === 'late' && isLater())
      await new Promise<void>((resolve) => void world.clock.setTimeout(resolve, 500))
  }
  const first = cache.set('k', slow)
  const second = later(cache)
  first.catch(() => undefined)
  second.catch(() => undefined)
  return { world, first, second }
}

const seen = (world: World): Promise<unknown> => world.isolate(options).get('k')

describe.each<[string, Later, unknown]>([
  ['set', (cache) => cache.set('k', 'new'), 'new'],
  ['setMany', (cache) => cache.setMany([['k', 'new']]), 'new'],
  ['remove', (cache) => cache.remove('k'), undefined],
])('a set that is overtaken by a %s', (_, later, after) => {
  test('is done when that is, and never sent', async () => {
    const { world, first, second } = await overtaken(later, 'kept')
    await Promise.all([first, second])
    expect(await seen(world)).toBe(after)
    const sent = world.redis.requests.flat().filter((command) => nameOf(command) === 'SetEntry')
    expect(sent).toHaveLength(after === undefined ? 1 : 2)
  })

  test.each(['refused', 'lost'] as const)('is stored after all where that is %s', async (fate) => {
    const { world, first, second } = await overtaken(later, fate)
    await expect(second).rejects.toMatchObject({ code: 'L2_NETWORK' })
    await first
    expect(await seen(world)).toBe(slow)
  })

  test('waits for what becomes of that', async () => {
    const { world, first, second } = await overtaken(later, 'late')
    await expect.poll(() => world.redis.requests.length).toBeGreaterThan(1)
    await world.clock.advance(400)
    expect([await stateOf(first), await stateOf(second)]).toEqual(['waiting', 'waiting'])
    await world.clock.advance(200)
    await Promise.all([first, second])
    expect(await seen(world)).toBe(after)
  })
})

test('a set is replaced by none that leaves L2 out', async () => {
  const world = new World()
  const cache = await world.warm(options)
  const local = (): Promise<void> => cache.set('k', 'here', { l2: false })
  await Promise.all([cache.set('k', slow), local(), cache.set('other', 1), local()])
  expect(await seen(world)).toBe(slow)
  await Promise.all([cache.set('k', slow), local(), local().then(() => cache.set('k', 'new'))])
  expect(await seen(world)).toBe('new')
})

test('a set that is overtaken by one whose request hangs is told so in time', async () => {
  const world = new World()
  const cache = await world.warm(options)
  const first = cache.set('k', slow)
  world.redis.before = () => new Promise<never>(() => undefined)
  const second = cache.set('k', 'new')
  let outcomes: readonly PromiseSettledResult<unknown>[] = []
  void Promise.allSettled([first, second]).then((all) => (outcomes = all))
  await expect
    .poll(
      async () => {
        await world.clock.advance(100)
        return outcomes.map(({ status }) => status)
      },
      { interval: 1 },
    )
    .toEqual(['rejected', 'rejected'])
})
