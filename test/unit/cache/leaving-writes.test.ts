import { describe, expect, test } from 'vitest'
import { setIfNotExists } from '../../../src/atomic/index.ts'
import type { HybridCache } from '../../../src/index.ts'
import { due } from '../../support/coherence.ts'
import { countedSignal } from '../../support/link.ts'
import { settle } from '../../support/manual-clock.ts'
import { flightsOf, marksOf } from '../../support/origin.ts'
import { watch, World } from '../../support/world.ts'

// Who leaves while something has to be asked before a write, or while a loaded value is stored, waits for neither.

type Write = (cache: HybridCache<true>, signal: AbortSignal) => Promise<unknown>

const gone = { error: expect.objectContaining({ message: 'gone' }) as unknown }

describe.each<[string, Write]>([
  ['set', (cache, signal) => cache.set('k', 1, { signal })],
  ['setMany', (cache, signal) => cache.setMany([['k', 1]], { signal })],
  ['setIfNotExists', (cache, signal) => setIfNotExists(cache, 'k', 1, { signal })],
])('%s', (_, write) => {
  test('leaves while it waits for the time, and is not sent', async () => {
    const world = new World()
    const cache = world.isolate()
    const gate = world.hold('TIME')
    const { controller, listeners } = countedSignal()
    const call = watch(write(cache, controller.signal))
    await gate.reached
    controller.abort(new Error('gone'))
    await settle()
    expect(call).toEqual(gone)
    gate.open()
    await settle()
    expect(world.redis.requests.flat()).toHaveLength(world.redis.requests[0]?.length ?? 0)
    expect([listeners(), world.clock.pending, marksOf(cache)]).toEqual([0, 0, 0])
  })

  test('keeps its place before what is called later, though it has a signal', async () => {
    const world = new World()
    const cache = world.isolate()
    const { controller, listeners } = countedSignal()
    const calls = [
      write(cache, controller.signal),
      cache.get('k', { l1: false }),
      setIfNotExists(cache, 'k', 2),
    ]
    const [, read, stored] = await Promise.all(calls)
    expect([read, stored, listeners()]).toEqual([1, false, 0])
  })
})

test('a conditional write leaves while it waits for news', async () => {
  const world = new World()
  const cache = await world.warm()
  await world.clock.advance(due)
  world.redis.stall()
  const { controller, listeners } = countedSignal()
  const call = watch(setIfNotExists(cache, 'k', 1, { signal: controller.signal }))
  await settle()
  controller.abort(new Error('gone'))
  await settle()
  expect([call, listeners()]).toEqual([gone, 0])
})

/** A call whose value is on its way to Redis, until the gate is opened. */
async function storing() {
  const world = new World()
  const cache = await world.warm()
  const gate = world.hold('SET')
  const { controller, listeners } = countedSignal()
  const call = watch(cache.getOrCreate('k', () => 'v', { signal: controller.signal }))
  await gate.reached
  return { world, cache, gate, controller, listeners, call }
}

describe('a call whose value is being stored', () => {
  test('leaves, and it is stored all the same', async () => {
    const { world, cache, gate, controller, listeners, call } = await storing()
    controller.abort(new Error('gone'))
    await settle()
    expect(call).toEqual(gone)
    gate.open()
    await settle()
    expect(cache.getLocal('k')).toBe('v')
    expect(await world.isolate().get('k')).toBe('v')
    expect([listeners(), flightsOf(cache), marksOf(cache)]).toEqual([0, 0, 0])
  })

  test('waits for that where its signal says nothing, and leaves no listener behind', async () => {
    const { gate, listeners, call } = await storing()
    await settle()
    expect(call).toEqual({})
    gate.open()
    await settle()
    expect([call, listeners()]).toEqual([{ value: 'v' }, 0])
  })
})
