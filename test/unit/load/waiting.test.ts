import { expect, test, vi } from 'vitest'
import { settle } from '../../support/manual-clock.ts'
import { Origin, stateOf, times } from '../../support/origin.ts'
import { World } from '../../support/world.ts'

// How long a caller waits that joins a load which is on its way already.

test('softTimeout counts from when the factory began, whoever comes when', async () => {
  const world = new World()
  const cache = await world.warm()
  const options = { ttl: 1000, staleIfError: '1h', l2: false, softTimeout: 100 } as const
  await cache.set('k', 'old', options)
  await world.clock.advance(1500)
  const origin = new Origin<string>()
  const leader = cache.getOrCreate('k', origin.factory, { l2: false })
  await world.clock.advance(60)
  const joined = cache.getOrCreate('k', origin.factory, options)
  await world.clock.advance(39)
  expect(await stateOf(joined)).toBe('waiting')
  await world.clock.advance(1)
  expect(await joined).toBe('old')
  await world.clock.advance(1000)
  const late = cache.getOrCreate('k', origin.factory, options)
  expect(await stateOf(late)).toBe('resolved')
  expect(await late).toBe('old')
  origin.last.finish('new')
  expect(await leader).toBe('new')
  expect([origin.runs.length, world.clock.pending]).toEqual([1, 0])
})

test('a caller with a stale value waits for L2 as long as l2.softTimeout says; one without, for its answer', async () => {
  const world = new World()
  const cache = await world.warm({ l2: { timeout: 900, softTimeout: 200, retries: 0 } })
  const stale = { ttl: 1000, localTtl: '1h', staleIfError: '1h' } as const
  await cache.set('k', 'old', stale)
  await world.clock.advance(1500)
  const gate = world.hold('GET')
  const origin = new Origin<string>()
  const plain = cache.getOrCreate('k', origin.factory)
  const tolerant = cache.getOrCreate('k', origin.factory, stale)
  await world.clock.advance(199)
  expect(await stateOf(tolerant)).toBe('waiting')
  await world.clock.advance(1)
  expect(await tolerant).toBe('old')
  expect(await stateOf(plain)).toBe('waiting')
  gate.open()
  await settle()
  origin.last.finish('new')
  expect(await plain).toBe('new')
  expect(origin.runs).toHaveLength(1)
})

test.each([false, true])('who leaves takes its timers along (requests bound: %s)', async (bound) => {
  if (bound) vi.stubGlobal('WebSocketPair', true)
  const world = new World()
  const cache = await world.warm()
  const origin = new Origin<string>()
  const leader = cache.getOrCreate('k', origin.factory)
  await settle()
  const before = world.clock.pending
  const controller = new AbortController()
  const options = { timeout: 5000, signal: controller.signal }
  const joined = expect(cache.getOrCreate('k', origin.factory, options)).rejects.toThrow('gone')
  await settle()
  expect(world.clock.pending).toBe(before + 1)
  controller.abort(new Error('gone'))
  await joined
  expect(world.clock.pending).toBe(before)
  origin.last.finish('v')
  expect(await leader).toBe('v')
})

test('whom two loads in a row had nothing for waits for no third', async () => {
  const cache = await new World().warm()
  const origin = new Origin<() => void>()
  const calls = times(5, () => cache.getOrCreate('k', origin.factory))
  await settle()
  for (const runs of [1, 2]) {
    expect(origin.runs).toHaveLength(runs)
    origin.last.finish(() => undefined)
    await settle()
  }
  expect(origin.runs).toHaveLength(5)
  for (const run of origin.runs) run.finish(() => undefined)
  await Promise.all(calls)
})

test.each(['value', 'failure'])('a load that ends with a %s in time leaves no timer', async (end) => {
  const world = new World()
  const cache = await world.warm()
  const origin = new Origin<string>()
  const calls = Promise.allSettled(times(2, () => cache.getOrCreate('k', origin.factory, { timeout: 5000 })))
  await settle()
  if (end === 'value') origin.last.finish('v')
  else origin.last.fail(new Error('down'))
  await calls
  expect(world.clock.pending).toBe(0)
})
