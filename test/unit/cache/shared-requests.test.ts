import { describe, expect, test } from 'vitest'
import { getAndExtend, setIfNotExists } from '../../../src/atomic/index.ts'
import { setMaxListeners } from 'node:events'
import type { CacheOptions, HybridCache, SendOptions } from '../../../src/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { watch, World } from '../../support/world.ts'

type Write = (cache: HybridCache<true>) => Promise<unknown>

// What an isolate has to know first is asked for along with a read, and ends with it, unless others wait for it as well.
test.each<[string, Write]>([
  ['set', (cache) => cache.set('k', 1)],
  ['setIfNotExists', (cache) => setIfNotExists(cache, 'k', 1)],
  ['getOrCreate', (cache) => cache.getOrCreate('k', () => 1)],
])('%s is none the worse for a read that shares its request and is given up', async (_, write) => {
  const world = new World()
  await world.isolate().set('other', 1)
  const cache = world.isolate()
  const gate = world.holdNext()
  const controller = new AbortController()
  const read = cache.get('other', { signal: controller.signal })
  const written = write(cache)
  await gate.reached
  controller.abort(new Error('left'))
  await expect(read).rejects.toThrow('left')
  gate.open()
  await written
  await settle()
  expect(await world.isolate().get('k')).toBe(1)
})

// More than one request can take: what all have to know first comes in the first one, from which everybody leaves.
describe.each([{ coherence: 'off' }, {}] as const)('with %o', (options) => {
  test.each<[string, Read, unknown]>([
    ['get', (cache, signal) => cache.get('last', { signal }), 'v'],
    ['getMany', (cache, signal) => cache.getMany(['last'], { signal }), new Map([['last', 'v']])],
    ['getOrCreate', (cache, signal) => cache.getOrCreate('last', () => 'made', { signal }), 'v'],
    [
      'getOrCreate, in the fleet',
      (cache, signal) => cache.getOrCreate('last', () => 'made', { signal, stampede: 'global' }),
      'v',
    ],
    ['getAndExtend', (cache, signal) => getAndExtend(cache, 'last', '1h', { signal }), 'v'],
  ])('%s gets its answer though others gave up the request before its own', async (_, read, expected) => {
    const { world, last, leave } = await inTwoRequests(read, options)
    leave()
    await world.clock.advance(50)
    await settle()
    expect(last.call).toEqual({ value: expected })
  })

  test('the request ends when the last of the next has left as well', async () => {
    const { first, last, leave } = await inTwoRequests((cache, signal) => cache.get('k', { signal }), options)
    leave()
    last.leave()
    await settle()
    expect(first.signal.aborted).toBe(true)
  })
})

type Read = (cache: HybridCache<true>, signal: AbortSignal) => Promise<unknown>

/** A read on a new isolate, whose request waits for one that nobody needs but for what comes along with it. */
async function inTwoRequests(read: Read, options: CacheOptions) {
  const world = new World()
  await world.isolate(options).set('last', 'v', { ttl: '1h' })
  world.redis.take()
  const cache = world.isolate(options)
  world.redis.before = (_commands, { signal }) => {
    world.redis.before = undefined
    return new Promise((resolve, reject) => {
      world.clock.setTimeout(resolve, 50)
      signal.addEventListener('abort', () => reject(signal.reason as Error))
    })
  }
  const [others, own] = [new AbortController(), new AbortController()]
  setMaxListeners(0, others.signal)
  for (let i = 0; i < 1200; i++) watch(cache.get(`k${i}`, { signal: others.signal }))
  const call = watch(read(cache, own.signal))
  await settle()
  expect([world.redis.requests.length, call]).toEqual([1, {}])
  return {
    world,
    first: world.redis.sent.at(-1) as SendOptions,
    last: { call, leave: () => own.abort(new Error('left')) },
    leave: () => others.abort(new Error('left')),
  }
}
