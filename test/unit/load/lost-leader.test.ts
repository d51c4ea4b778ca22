import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { EntryOptions } from '../../../src/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { flightsOf, type Origin, stateOf, times } from '../../support/origin.ts'
import { type Ask, Request, requestIsolate } from '../../support/requests.ts'

// On Workers and their like all that a request has set in motion ends with it: its timers, its requests to Redis, and what waits
// for them. What others of the same isolate wait for may never come.

beforeEach(() => void vi.stubGlobal('WebSocketPair', true))

/** A load whose request has gone. */
async function lost(ask: Ask, origin: Origin<string>, options: EntryOptions = {}): Promise<void> {
  const request = new Request()
  void ask(request, options)
  await settle()
  expect(origin.runs).toHaveLength(1)
  request.end()
}

describe.each(['WebSocketPair', 'EdgeRuntime'])('where there is a %s', (name) => {
  beforeEach(() => {
    vi.unstubAllGlobals()
    vi.stubGlobal(name, true)
  })

  test('one who joined looks by its own timers, and gets a copy soon after it is there', async () => {
    const { world, origin, ask } = await requestIsolate()
    const leader = ask(new Request())
    await settle()
    const joined = ask(new Request())
    await world.clock.advance(1000)
    origin.last.finish('v')
    expect(await leader).toBe('v')
    expect(await stateOf(joined)).toBe('waiting') // what was settled in another request cannot wake it
    await world.clock.advance(60)
    expect(await stateOf(joined)).toBe('resolved')
    expect(await joined).toBe('v')
    expect(origin.runs).toHaveLength(1)
  })

  test('one who joined a dead request loads itself after half a second of its own', async () => {
    const { world, cache, origin, ask } = await requestIsolate()
    await lost(ask, origin)
    await world.clock.advance(300)
    const joined = ask(new Request())
    await world.clock.advance(490)
    expect(origin.runs).toHaveLength(1)
    await world.clock.advance(70)
    expect(origin.runs).toHaveLength(2)
    origin.last.finish('v')
    expect(await joined).toBe('v')
    await settle()
    expect(cache.getLocal('k')).toBe('v')
    expect(flightsOf(cache)).toBe(0)
  })
})

test('a thousand who joined a dead request share one new load', async () => {
  const { world, cache, origin, ask } = await requestIsolate()
  await lost(ask, origin)
  const calls = times(1000, () => ask(new Request()))
  await world.clock.advance(560)
  expect(origin.runs).toHaveLength(2)
  origin.last.finish('v')
  await world.clock.advance(60)
  expect(new Set(await Promise.all(calls))).toEqual(new Set(['v']))
  expect(origin.runs).toHaveLength(2)
  expect(cache.stats().loads).toMatchObject({ count: 2, joined: 1000 + 999 })
  expect(flightsOf(cache)).toBe(0)
})

test('a request that dies while it asks Redis is found dead all the same', async () => {
  const { world, origin, ask } = await requestIsolate()
  const request = new Request()
  request.end()
  void ask(request)
  await settle()
  const joined = ask(new Request())
  await world.clock.advance(560)
  expect(origin.runs).toHaveLength(1)
  origin.last.finish('v')
  expect(await joined).toBe('v')
})

test('a dead request that comes back to life harms nobody: the newer load counts', async () => {
  const { world, cache, origin, ask } = await requestIsolate()
  await lost(ask, origin)
  const joined = ask(new Request())
  await world.clock.advance(560)
  origin.runs[0]?.finish('old')
  await settle()
  expect(flightsOf(cache)).toBe(1)
  expect(await stateOf(joined)).toBe('waiting')
  origin.last.finish('v')
  expect(await joined).toBe('v')
  await settle()
  expect(flightsOf(cache)).toBe(0)
})

test('who comes two seconds after the death waits for nothing', async () => {
  const { world, origin, ask } = await requestIsolate()
  await lost(ask, origin)
  await world.clock.advance(2000)
  const next = ask(new Request())
  await settle()
  expect(origin.runs).toHaveLength(2)
  origin.last.finish('v')
  expect(await next).toBe('v')
})

test('a load of a minute in a request that lives is waited for', async () => {
  const { world, origin, ask } = await requestIsolate()
  const leader = ask(new Request())
  await settle()
  const early = ask(new Request())
  await world.clock.advance(59_000)
  const late = ask(new Request())
  await world.clock.advance(1000)
  expect(origin.runs).toHaveLength(1)
  origin.last.finish('v')
  await world.clock.advance(60)
  expect(await Promise.all([leader, early, late])).toEqual(['v', 'v', 'v'])
  expect(origin.runs).toHaveLength(1)
})

test('one who joined keeps to its own timeout and signal while it looks', async () => {
  const { world, origin, ask } = await requestIsolate()
  const leader = ask(new Request())
  await settle()
  const controller = new AbortController()
  const hasty = expect(ask(new Request(), { timeout: 300 })).rejects.toMatchObject({
    code: 'FACTORY_TIMEOUT',
  })
  const gone = ask(new Request(), { signal: controller.signal })
  const left = expect(gone).rejects.toThrow('gone')
  await world.clock.advance(200)
  controller.abort(new Error('gone'))
  await left
  await world.clock.advance(100)
  await hasty
  expect(origin.last.context.signal.aborted).toBe(false)
  origin.last.finish('v')
  expect(await leader).toBe('v')
  await world.clock.advance(100)
  expect(world.clock.pending).toBe(0)
})

test('the timers of a dead request change nothing, and those of others end with their calls', async () => {
  const { world, cache, origin, ask } = await requestIsolate()
  await lost(ask, origin, { timeout: 10_000 })
  const joined = ask(new Request())
  await world.clock.advance(560)
  origin.last.finish('v')
  expect(await joined).toBe('v')
  await world.clock.advance(20_000)
  expect(world.clock.pending).toBe(0)
  expect(flightsOf(cache)).toBe(0)
  expect(cache.getLocal('k')).toBe('v')
})
