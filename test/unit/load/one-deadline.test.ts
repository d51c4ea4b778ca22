import { describe, expect, test } from 'vitest'
import { getAndExtend } from '../../../src/atomic/index.ts'
import type { HybridCache } from '../../../src/index.ts'
import { due, patient } from '../../support/coherence.ts'
import { settle } from '../../support/manual-clock.ts'
import { flightsOf, marksOf } from '../../support/origin.ts'
import { record, watch, World } from '../../support/world.ts'

// R4: where an answer makes another question necessary, a slow Redis holds its caller up for one deadline all the same.

const latency = 800
const timeout = 1000

/** From now on every answer takes its time. */
function slowDown({ redis, clock }: World): void {
  redis.after = () => new Promise((wake) => void clock.setTimeout(wake, latency))
}

const reads: [string, (cache: HybridCache) => Promise<unknown>, unknown][] = [
  ['get', (cache) => cache.get('k'), undefined],
  ['getMany', (cache) => cache.getMany(['k', 'other']), new Map()],
  ['getOrCreate', (cache) => cache.getOrCreate('k', () => 'made'), 'made'],
  [
    'getOrCreate, in the fleet',
    (cache) => cache.getOrCreate('k', () => 'made', { stampede: 'global' }),
    'made',
  ],
  [
    'getOrCreateMany',
    (cache) => cache.getOrCreateMany(['k'], (keys) => new Map(keys.map((key) => [key, 'made']))),
    new Map([['k', 'made']]),
  ],
]

/** An entry with a tag, older than what an isolate knows of from its first request on. */
async function storeTagged(world: World): Promise<void> {
  const writer = world.isolate()
  await writer.set('k', 'v', { tags: ['news'] })
  await writer.set('later', 'v')
}

/** What an isolate does not know whose copy has to be judged by it. */
const questions: [string, (world: World) => Promise<HybridCache>][] = [
  [
    'the tags of what was found',
    async (world) => {
      await storeTagged(world)
      return world.warm({ l2: { timeout, softTimeout: timeout } })
    },
  ],
  [
    'news that tell of a gap',
    async (world) => {
      const cache = await world.warm({ ...patient, l2: { timeout, softTimeout: timeout } })
      await world.clock.advance(due)
      world.redis.sets.clear()
      return cache
    },
  ],
]

describe.each(questions)('%s', (_, prepare) => {
  test.each(reads)('%s waits for one deadline', async (_name, read, expected) => {
    const world = new World()
    const cache = await prepare(world)
    const errors = record(cache, 'error')
    slowDown(world)
    const call = watch(read(cache))
    await world.clock.advance(timeout - 1)
    expect(call).toEqual({})
    await world.clock.advance(1)
    await settle()
    expect(call.value).toEqual(expected)
    expect(errors.map(({ error }) => error.code)).toEqual(['L2_TIMEOUT'])
    expect(errors[0]?.error.message).toContain(`${timeout} ms`)
    await world.clock.advance(10 * timeout)
    expect([flightsOf(cache), marksOf(cache), world.clock.pending]).toEqual([0, 0, 0])
  })
})

test.each(['isolate', 'global'] as const)(
  '%s: a database without versions gets them within the same deadline',
  async (stampede) => {
    const world = new World({ unseeded: true })
    const cache = world.isolate({ l2: { timeout, softTimeout: timeout } })
    slowDown(world)
    const call = watch(cache.getOrCreate('k', () => 'made', { stampede }))
    await world.clock.advance(timeout)
    await settle()
    expect(call.value).toBe('made')
  },
)

test('an answer at the deadline itself leaves no time for a question', async () => {
  const world = new World()
  await storeTagged(world)
  const { clock } = world
  let computed = 0
  const cache = await world.warm({
    l2: { timeout, softTimeout: timeout },
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic() + computed,
      setTimeout: (run, ms) => clock.setTimeout(run, ms),
      clearTimeout: (timer) => clock.clearTimeout(timer),
    },
  })
  world.redis.after = () => void (computed += timeout)
  expect(await cache.get('k')).toBeUndefined()
  expect(world.redis.take()).toEqual([['GET']])
})

test('getAndExtend rejects at the deadline', async () => {
  const world = new World()
  await storeTagged(world)
  const cache = await world.warm({ l2: { timeout } })
  slowDown(world)
  const call = watch(getAndExtend(cache, 'k', '1h'))
  await world.clock.advance(timeout)
  await settle()
  expect(call.error).toMatchObject({ code: 'L2_TIMEOUT' })
})

test('what was asked for too late is of use to the next', async () => {
  const world = new World()
  await storeTagged(world)
  const cache = await world.warm({ l2: { timeout } })
  slowDown(world)
  const call = cache.get('k')
  await world.clock.advance(2 * latency)
  expect(await call).toBeUndefined()
  world.redis.after = undefined
  world.redis.take()
  expect(await cache.get('k')).toBe('v')
  expect(world.redis.take()).toEqual([['GET']])
})
