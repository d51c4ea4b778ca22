import { expect, test } from 'vitest'
import type { HybridCache } from '../../../src/index.ts'
import { Marks } from '../../../src/coherence/marks.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { Gate, record, World } from '../../support/world.ts'

test.each([
  [1024, false],
  [1025, true],
])('V26: %i versions of one key since the last look: too many: %s', async (count, reset) => {
  const world = new World()
  const [one, other] = [await world.warm(), await world.warm()]
  const checks = record(one, 'check')
  for (let i = 0; i < count; i++) await other.set('k', i)
  await world.clock.advance(5000)
  await one.get('another')
  expect(checks.map((check) => check.reset)).toEqual([reset])
})

test.each([
  ['a word', 'OK'],
  ['a number', 1_800_000_000_000_000],
])('where %s is the answer to where the versions stand, nothing in L2 is believed', async (_, reply) => {
  const world = new World()
  const writer = await world.warm()
  await writer.set('k', 'v')
  const cache = world.isolate()
  world.redis.replies.set('MGET', reply)
  expect(await cache.get('k')).toBeUndefined()
  world.redis.replies.clear()
  expect(await cache.get('k')).toBe('v')
})

test('a database without versions is nothing that was missed', async () => {
  const world = new World({ unseeded: true })
  const cache = world.isolate()
  const checks = record(cache, 'check')
  expect(await cache.get('k')).toBeUndefined()
  expect(checks).toEqual([])
})

test('of two operations in flight the end of one leaves the other to be told', () => {
  const marks = new Marks(new ManualClock(), 60_000)
  const [first, second] = [marks.begin('k'), marks.begin('k')]
  marks.end('k', first)
  marks.end('k', first)
  marks.overtake('k')
  marks.raise('k', 5, {})
  expect(marks.size).toBe(1)
  expect([first.overtaken, first.version]).toEqual([false, 0])
  expect(second).toMatchObject({ overtaken: true, version: 5, removed: 5 })
  marks.raise('k', 7, { keepsStale: true })
  expect(second).toMatchObject({ version: 7, removed: 5 })
  marks.end('k', second)
  expect(marks.size).toBe(0)
})

test('V3: of two first requests the one that was answered before a change, and told after it, leaves no copy', async () => {
  const world = new World()
  const writer = await world.warm()
  await writer.set('k', 'old')
  const cold = world.isolate()
  const gate = new Gate()
  let requests = 0
  world.redis.after = async () => {
    if (requests++ === 0) await gate.pass()
  }
  const early = cold.get('k')
  await gate.reached
  await writer.set('k', 'new')
  await cold.get('another')
  gate.open()
  expect(await early).toBe('old')
  expect(cold.getLocal('k')).toBeUndefined()
  expect(await cold.get('k')).toBe('new')
})

/** An isolate that has missed more than the log tells, and is due to look. */
async function behind(): Promise<{ world: World; one: HybridCache; other: HybridCache }> {
  const world = new World()
  const [one, other] = [await world.warm(), await world.warm()]
  for (let i = 0; i < 1025; i++) await other.set('k', i, { tags: ['u'] })
  await world.clock.advance(5000)
  world.redis.take()
  return { world, one, other }
}

test('V26: who has missed too much asks once more, also where it asked for tags along with the log', async () => {
  for (const tags of [[], ['u']]) {
    const { world, one } = await behind()
    expect(await one.get('k', { tags })).toBe(1024)
    expect(world.redis.take()).toHaveLength(2)
  }
})

test('V26: and learns what comes later, as before', async () => {
  const { world, one, other } = await behind()
  await one.get('k')
  await one.set('later', 'v', { ttl: '1h', localTtl: '1h' })
  await other.remove('later')
  await world.clock.advance(5000)
  await one.get('another')
  expect(one.getLocal('later')).toBeUndefined()
})
