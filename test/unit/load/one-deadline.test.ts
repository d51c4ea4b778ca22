import { describe, expect, test } from 'vitest'
import { getAndExtend } from '../../../src/atomic/index.ts'
import { type HybridCache, RedisReplyError } from '../../../src/index.ts'
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

/** When a call settles, or its factory is called, after it began; nothing else moves the clock. */
async function waited({ clock }: World, call: (done: () => void) => Promise<unknown>): Promise<number> {
  const started = clock.monotonic()
  let at = Infinity
  const done = (): void => void (at = Math.min(at, clock.monotonic() - started))
  void call(done).then(done)
  await clock.advance(10 * timeout)
  return at
}

/** From now on every answer takes as much longer. */
function slowDownBy({ redis, clock }: World, ms: number): void {
  redis.before = () => new Promise((wake) => void clock.setTimeout(wake, ms))
}

test('a hit for the fleet that turns out to be of no use is asked for again within the same deadline', async () => {
  const world = new World()
  await world.isolate().set('k', 'v', { tags: ['news'] })
  const cache = await world.warm({ l2: { timeout } })
  await cache.removeByTag('news')
  slowDownBy(world, 900)
  const at = await waited(world, (made) => cache.getOrCreate('k', made, { stampede: 'global' }))
  expect(at).toBe(timeout)
})

test('so is a script that Redis does not know yet', async () => {
  const world = new World()
  const cache = await world.warm({ l2: { timeout } })
  slowDownBy(world, 900)
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

test('a write that asks for the time in vain does not make the reads of its tick wait twice', async () => {
  const world = new World()
  const cache = world.isolate({ l2: { timeout } })
  world.redis.before = () => new Promise(() => undefined)
  const at = await waited(world, (made) => {
    cache.set('a', 1).catch(() => undefined)
    return cache.getOrCreate('k', made)
  })
  expect(at).toBe(timeout)
})

const long = Array.from({ length: 5000 }, (_, i) => `${'x'.repeat(1000)}${i}`)
const many = Array.from({ length: 2001 }, (_, i) => `k${i}`)

describe('more keys than one request takes', () => {
  test.each([
    ['getMany', (cache: HybridCache, done: () => void) => cache.getMany(long).then(done)],
    [
      'getOrCreateMany',
      (cache: HybridCache, done: () => void) =>
        cache.getOrCreateMany(many, (keys) => {
          done()
          return new Map(keys.map((key) => [key, 1]))
        }),
    ],
  ])('%s waits for one deadline', async (_, read) => {
    const world = new World()
    const cache = await world.warm({ l2: { timeout } })
    slowDownBy(world, 900)
    expect(await waited(world, (done) => read(cache, done))).toBe(timeout)
  })

  test('what is written takes its time', async () => {
    const world = new World()
    const cache = await world.warm({ l2: { timeout } })
    slowDownBy(world, 900)
    const written = watch(cache.setMany(long.slice(0, 2500).map((key) => [key, 'x'.repeat(1000)])))
    await world.clock.advance(10 * timeout)
    expect(written).toEqual({ value: undefined })
    expect(world.redis.take().length).toBeGreaterThan(1)
  })
})

test('getMany gives what is known where one key has to be asked for longer', async () => {
  const world = new World()
  await storeTagged(world)
  const cache = await world.warm({ l2: { timeout } })
  const errors = record(cache, 'error')
  slowDown(world)
  const call = watch(cache.getMany(['k', 'later']))
  await world.clock.advance(timeout)
  await settle()
  expect(call.value).toEqual(new Map([['later', 'v']]))
  expect(errors.map(({ operation, error }) => [operation, error.code])).toEqual([['getMany', 'L2_TIMEOUT']])
})

test.each([
  ['get', (cache: HybridCache, signal: AbortSignal) => cache.get('k', { signal })],
  ['getMany', (cache: HybridCache, signal: AbortSignal) => cache.getMany(['k', 'later'], { signal })],
  ['getAndExtend', (cache: HybridCache, signal: AbortSignal) => getAndExtend(cache, 'k', '1h', { signal })],
])('who leaves while %s asks for tags does not wait for them', async (_, read) => {
  const world = new World()
  await storeTagged(world)
  const cache = await world.warm({ l2: { timeout } })
  slowDownBy(world, 400)
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

describe('reads that need more than one request', () => {
  const tick = many.slice(0, 1001)

  test('a write behind them is sent all the same', async () => {
    const world = new World()
    const cache = await world.warm({ l2: { timeout } })
    slowDownBy(world, 600)
    void cache.getOrCreateMany(many, (keys) => new Map(keys.map((key) => [key, 1])))
    const [set, removed] = [watch(cache.set('x', 1)), watch(cache.remove('y'))]
    await world.clock.advance(10 * timeout)
    expect([set, removed]).toEqual([{ value: undefined }, { value: undefined }])
  })

  test('a read that goes with that write leaves it at the deadline', async () => {
    const world = new World()
    const cache = await world.warm({ l2: { timeout } })
    slowDownBy(world, 900)
    let set: object = {}
    const at = await waited(world, (done) => {
      for (const key of many.slice(0, 1000)) void cache.get(key)
      set = watch(cache.set('x', 1))
      return cache.get('last').then(done)
    })
    expect(at).toBe(timeout)
    expect(set).toEqual({ value: undefined })
  })

  test('what they had no time for says nothing of Redis: the breaker stays closed', async () => {
    const world = new World()
    const cache = await world.warm({ l2: { timeout } })
    const changes = record(cache, 'breaker')
    slowDownBy(world, 600)
    for (let i = 0; i < 12; i++) {
      void Promise.all(tick.map((key) => cache.get(key)))
      await world.clock.advance(timeout)
    }
    expect(changes).toEqual([])
  })
})

test('a read in the tick of a write that asks for the time waits for both within one deadline', async () => {
  const world = new World()
  const cache = world.isolate({ l2: { timeout } })
  slowDownBy(world, 900)
  const at = await waited(world, (made) => {
    cache.set('a', 1).catch(() => undefined)
    return cache.getOrCreate('k', made)
  })
  expect(at).toBe(timeout)
})

test.each([
  ['k', 'later'],
  ['later', 'k'],
])('getMany of %s and %s rejects with what a schema throws, though a key came too late', async (...keys) => {
  const world = new World()
  await storeTagged(world)
  const cache = await world.warm({ l2: { timeout } })
  slowDownBy(world, 600)
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
