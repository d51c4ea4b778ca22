import { expect, test, vi } from 'vitest'
import { due, storeTagged } from '../../support/coherence.ts'
import { settle } from '../../support/manual-clock.ts'
import { Origin } from '../../support/origin.ts'
import { Request, RequestClock } from '../../support/requests.ts'
import { l2, slowDown, timeout } from '../../support/slow-redis.ts'
import { watch, World } from '../../support/world.ts'

// What is asked for and comes too late is left behind at the deadline. It may still be executed, and still be answered.

test('news that come too late do not make a load that goes on without them newer than they are', async () => {
  const world = new World()
  const other = await world.warm()
  const cache = await world.warm({ l2 })
  await world.clock.advance(due)
  world.redis.sets.clear() // the log has a gap
  slowDown(world, 600)
  const origin = new Origin<string>()
  const call = watch(cache.getOrCreate('k', origin.factory, { ttl: '1h', localTtl: '1h' }))
  await world.clock.advance(timeout) // the second request is executed after 1200
  expect(origin.runs).toHaveLength(1)
  world.redis.before = undefined
  await other.remove('k')
  await world.clock.advance(400)
  origin.last.finish('from before the removal')
  await settle()
  expect(call.value).toBe('from before the removal') // for its own caller
  for (let look = 0; look < 2; look++) {
    await world.clock.advance(due)
    await cache.get('another')
  }
  expect(await cache.get('k')).toBeUndefined()
})

test('getMany: a key that is still at work hears of removals, though another one has failed', async () => {
  const world = new World()
  await storeTagged(world)
  const writer = world.isolate()
  const cache = await world.warm({ l2, localTtl: '4m' })
  slowDown(world, 600)
  let release!: () => void
  const held = new Promise<void>((resolve) => (release = resolve))
  const schema = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: async (value: unknown) => {
        await held
        return { value }
      },
    },
  } as const
  const call = watch(cache.getMany(['k', 'later'], { schema }))
  await world.clock.advance(2 * timeout)
  world.redis.before = undefined
  await writer.remove('later')
  await world.clock.advance(due)
  await cache.get('another') // hears of it
  release()
  await settle()
  expect(call.value).toEqual(new Map([['later', 'v']])) // for its own caller
  expect(await cache.get('later')).toBeUndefined()
})

test('on Workers it goes on behind the call, and the next one finds the answer there', async () => {
  vi.stubGlobal('WebSocketPair', true)
  const world = new World()
  await storeTagged(world)
  const clock = new RequestClock(world.clock)
  const cache = await world.warm({ l2, clock })
  world.redis.before = () =>
    clock.current?.alive === false
      ? new Promise<never>(() => undefined)
      : new Promise((wake) => void clock.setTimeout(wake, 600))
  const found: unknown[] = []
  for (let i = 0; i < 2; i++) {
    const request = new Request()
    const call = watch(clock.within(request, () => cache.bind(request).get('k')))
    await world.clock.advance(timeout)
    if (request.background.length > 0) await world.clock.advance(timeout)
    request.end()
    found.push(call.value)
    await world.clock.advance(timeout)
  }
  expect(found).toEqual([undefined, 'v'])
})

test('on Workers nothing is kept alive for ever, though a request that it shared is gone', async () => {
  vi.stubGlobal('WebSocketPair', true)
  const world = new World()
  await storeTagged(world)
  await world.isolate().set('k2', 'v', { tags: ['other'] })
  await world.isolate().set('k3', 'v')
  const clock = new RequestClock(world.clock)
  const cache = await world.warm({ l2, clock })
  world.redis.before = () =>
    clock.current?.alive === false
      ? new Promise<never>(() => undefined)
      : new Promise((wake) => void clock.setTimeout(wake, 600))
  const [gone, request] = [new Request(), new Request()]
  void clock.within(gone, () => cache.bind(gone).get('k'))
  const call = watch(
    clock.within(request, () => cache.bind(request).getOrCreate('k2', () => 'made', { stampede: 'global' })),
  )
  await world.clock.advance(100)
  gone.end()
  await world.clock.advance(20 * timeout)
  expect(call.value).toBe('made')
  const kept = watch(Promise.all(request.background).then(() => 'over'))
  await settle()
  expect(kept.value).toBe('over')
})
