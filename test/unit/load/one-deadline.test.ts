import { describe, expect, test } from 'vitest'
import { getAndExtend } from '../../../src/atomic/index.ts'
import { type HybridCache, RedisReplyError } from '../../../src/index.ts'
import { due, storeTagged } from '../../support/coherence.ts'
import { settle } from '../../support/manual-clock.ts'
import { flightsOf, marksOf } from '../../support/origin.ts'
import { l2, slowDown, timeout, waited } from '../../support/slow-redis.ts'
import { record, watch, World } from '../../support/world.ts'

// R4: where an answer makes another question necessary, a slow Redis holds its caller up for one deadline all the same.

const latency = 800

/** From now on every answer takes its time. */
function slowAnswers({ redis, clock }: World): void {
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

/** What an isolate does not know whose copy has to be judged by it. */
const questions: [string, (world: World) => Promise<HybridCache>][] = [
  [
    'the tags of what was found',
    async (world) => {
      await storeTagged(world)
      return world.warm({ l2 })
    },
  ],
  [
    'news that tell of a gap',
    async (world) => {
      const cache = await world.warm({ l2 })
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
    slowAnswers(world)
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
    const cache = world.isolate({ l2 })
    slowAnswers(world)
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
    l2,
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
  slowAnswers(world)
  const call = watch(getAndExtend(cache, 'k', '1h'))
  await world.clock.advance(timeout)
  await settle()
  expect(call.error).toMatchObject({ code: 'L2_TIMEOUT' })
})

test('what was asked for too late is of use to the next', async () => {
  const world = new World()
  await storeTagged(world)
  const cache = await world.warm({ l2: { timeout } })
  slowAnswers(world)
  const call = cache.get('k')
  await world.clock.advance(2 * latency)
  expect(await call).toBeUndefined()
  world.redis.after = undefined
  world.redis.take()
  expect(await cache.get('k')).toBe('v')
  expect(world.redis.take()).toEqual([['GET']])
})

test('a hit for the fleet that turns out to be of no use is asked for again within the same deadline', async () => {
  const world = new World()
  await world.isolate().set('k', 'v', { tags: ['news'] })
  const cache = await world.warm({ l2: { timeout } })
  await cache.removeByTag('news')
  slowDown(world, 900)
  const at = await waited(world, (made) => cache.getOrCreate('k', made, { stampede: 'global' }))
  expect(at).toBe(timeout)
})

test('so is a script that Redis does not know yet', async () => {
  const world = new World()
  const cache = await world.warm({ l2: { timeout } })
  slowDown(world, 900)
  const send = world.redis.send.bind(world.redis)
  let known = false
  world.redis.send = async (commands, options) => {
    const replies = await send(commands, options)
    if (known) return replies
    known = true
    return replies.map(() => new RedisReplyError('NOSCRIPT No matching script'))
  }
  const at = await waited(world, (made) => cache.getOrCreate('k', made, { stampede: 'global' }))
  expect(at).toBe(timeout)
})

test('getMany gives what is known where one key has to be asked for longer', async () => {
  const world = new World()
  await storeTagged(world)
  const cache = await world.warm({ l2: { timeout } })
  const errors = record(cache, 'error')
  slowAnswers(world)
  const call = watch(cache.getMany(['k', 'later']))
  await world.clock.advance(timeout)
  await settle()
  expect(call.value).toEqual(new Map([['later', 'v']]))
  expect(errors.map(({ operation, error }) => [operation, error.code])).toEqual([['getMany', 'L2_TIMEOUT']])
})

test.each([
  ['get', (cache: HybridCache, signal: AbortSignal) => cache.get('k', { signal })],
  ['getMany', (cache: HybridCache, signal: AbortSignal) => cache.getMany(['k', 'later'], { signal })],
  [
    'getAndExtend',
    (cache: HybridCache<true>, signal: AbortSignal) => getAndExtend(cache, 'k', '1h', { signal }),
  ],
])('who leaves while %s asks for tags does not wait for them', async (_, read) => {
  const world = new World()
  await storeTagged(world)
  const cache = await world.warm({ l2: { timeout } })
  slowDown(world, 400)
  const controller = new AbortController()
  const reason = new Error('gone')
  const call = watch(read(cache, controller.signal))
  await world.clock.advance(500)
  controller.abort(reason)
  await settle()
  expect(call.error).toBe(reason)
  await world.clock.advance(timeout)
  expect([marksOf(cache), world.clock.pending]).toEqual([0, 0])
})

test.each([
  ['k', 'later'],
  ['later', 'k'],
])('getMany of %s and %s rejects with what a schema throws, though a key came too late', async (...keys) => {
  const world = new World()
  await storeTagged(world)
  const cache = await world.warm({ l2: { timeout } })
  slowDown(world, 600)
  const wrong = new TypeError('wrong')
  const schema = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: () => {
        throw wrong
      },
    },
  } as const
  const call = watch(cache.getMany(keys, { schema }))
  await world.clock.advance(2 * timeout)
  expect(call.error).toBe(wrong)
})
