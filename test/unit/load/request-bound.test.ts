import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { HybridCache } from '../../../src/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { flightsOf, marksOf, stateOf } from '../../support/origin.ts'
import { Request, requestIsolate } from '../../support/requests.ts'
import type { World } from '../../support/world.ts'

// Where what a request has set in motion ends with it: who may end a load, and what may be done behind a call.

beforeEach(() => void vi.stubGlobal('WebSocketPair', true))

describe('the last one leaves', () => {
  test('its own request: the factory is told at once', async () => {
    const { cache, origin, ask } = await requestIsolate()
    const controller = new AbortController()
    const call = expect(ask(new Request(), { signal: controller.signal })).rejects.toThrow('gone')
    await settle()
    const { signal } = origin.last.context
    controller.abort(new Error('gone'))
    await call
    expect(signal.reason).toMatchObject({ message: 'gone' })
    expect([flightsOf(cache), marksOf(cache)]).toEqual([0, 0])
  })

  test("another request: the load's own tells the factory, by its next pulse", async () => {
    const { world, clock, cache, origin, ask } = await requestIsolate()
    const [first, second] = [new AbortController(), new AbortController()]
    const owner = new Request()
    const leader = expect(ask(owner, { signal: first.signal })).rejects.toThrow('first')
    await settle()
    const joined = expect(ask(new Request(), { signal: second.signal })).rejects.toThrow('second')
    let told: Request | undefined
    const { signal } = origin.last.context
    signal.addEventListener('abort', () => (told = clock.current))
    first.abort(new Error('first'))
    await leader
    clock.within(new Request(), () => second.abort(new Error('second')))
    await joined
    expect(signal.aborted).toBe(false)
    await world.clock.advance(100)
    expect(signal.aborted).toBe(true)
    expect(told).toBe(owner)
    expect([flightsOf(cache), marksOf(cache)]).toEqual([0, 0])
  })

  test('and another comes before that pulse: the load goes on', async () => {
    const { world, origin, ask } = await requestIsolate()
    const [first, second] = [new AbortController(), new AbortController()]
    const leader = expect(ask(new Request(), { signal: first.signal })).rejects.toThrow('first')
    await settle()
    const joined = expect(ask(new Request(), { signal: second.signal })).rejects.toThrow('second')
    first.abort(new Error('first'))
    await leader
    second.abort(new Error('second'))
    await joined
    const third = ask(new Request())
    await world.clock.advance(200)
    expect(origin.last.context.signal.aborted).toBe(false)
    origin.last.finish('v')
    await world.clock.advance(60)
    expect(await third).toBe('v')
    expect(origin.runs).toHaveLength(1)
  })
})

describe('a stale value', () => {
  const options = { ttl: 1000, swr: '1h', localTtl: '2h' } as const

  async function stale(cache: HybridCache, world: World): Promise<void> {
    await cache.set('k', 'old', options)
    await world.clock.advance(1500)
  }

  test('is given at once where the refresh can outlive the call', async () => {
    const { world, cache, origin, ask } = await requestIsolate()
    await stale(cache, world)
    const request = new Request()
    expect(await ask(request, options)).toBe('old')
    expect(request.background).toHaveLength(1)
    await settle()
    origin.last.finish('new')
    await request.background[0]
    expect(await ask(new Request(), options)).toBe('new')
    expect([flightsOf(cache), marksOf(cache)]).toEqual([0, 0])
  })

  test('is not given where nothing keeps the refresh alive: the call loads', async () => {
    const { world, cache, origin, ask } = await requestIsolate()
    await stale(cache, world)
    const call = ask(new Request(), { ...options, softTimeout: 100 }, false)
    await world.clock.advance(500)
    expect(await stateOf(call)).toBe('waiting')
    origin.last.finish('new')
    expect(await call).toBe('new')
  })

  test('a refresh whose request has died does not stop later ones', async () => {
    const { world, cache, origin, ask } = await requestIsolate()
    await stale(cache, world)
    const request = new Request()
    const local = { ...options, stampede: 'off' } as const // without a lease, which lasts longer
    expect(await ask(request, local)).toBe('old')
    await settle()
    request.end()
    await world.clock.advance(1900)
    expect(await ask(new Request(), local)).toBe('old')
    await settle()
    expect(origin.runs).toHaveLength(1)
    await world.clock.advance(200)
    const next = new Request()
    expect(await ask(next, local)).toBe('old')
    await settle()
    expect(origin.runs).toHaveLength(2)
    origin.last.finish('new')
    await Promise.all(next.background)
    expect(cache.getLocal('k')).toBe('new')
  })

  test('a long refresh in a request that lives is not begun twice', async () => {
    const { world, cache, origin, ask } = await requestIsolate()
    await stale(cache, world)
    for (let second = 0; second < 55; second += 5) {
      expect(await ask(new Request(), options)).toBe('old')
      await world.clock.advance(5000)
    }
    expect(origin.runs).toHaveLength(1)
    origin.last.finish('new')
    await settle()
    expect(cache.getLocal('k')).toBe('new')
  })

  test('one who joins takes it after its soft timeout; the load goes on in its own request', async () => {
    const { world, cache, origin, ask } = await requestIsolate()
    const window = { ttl: 1000, staleIfError: '1h', l2: false } as const
    await cache.set('k', 'old', window)
    await world.clock.advance(1500)
    const controller = new AbortController()
    const given = { ...window, signal: controller.signal }
    const leader = expect(ask(new Request(), given)).rejects.toThrow('gone')
    await settle()
    const joined = ask(new Request(), { ...window, softTimeout: 100 })
    await world.clock.advance(110)
    expect(await joined).toBe('old')
    controller.abort(new Error('gone'))
    await leader
    await world.clock.advance(1000)
    expect(origin.last.context.signal.aborted).toBe(false)
    origin.last.finish('new')
    await settle()
    expect(cache.getLocal('k')).toBe('new')
    expect(origin.runs).toHaveLength(1)
  })
})
