import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createHybridCache, type EntryOptions } from '../../src/index.ts'
import { endedBytes } from '../support/ended.ts'
import { workFolder } from './support/built.ts'
import { bundleForEdge } from './support/bundle.ts'
import { type Visit, visit } from './support/client.ts'
import type { Service } from './support/process.ts'
import { type Compatibility, startWorkerd } from './support/workerd.ts'
import { startWorld, type World } from './support/world.ts'

const settings: readonly Compatibility[] = [
  { date: '2026-11-17' },
  { date: '2026-11-17', flags: ['no_nodejs_compat', 'no_nodejs_compat_v2'] },
  { date: '2024-01-01' },
]

const named = settings.map((each) => [[each.date, ...(each.flags ?? [])].join(' '), each] as const)

// Requests that share a load, in one isolate, where the promises of one request are none of another's.
describe.each(named)('loads in workerd %s', (name, compatibility) => {
  const folder = workFolder()
  let world: World
  let workerd: Service & { readonly found: string }

  beforeAll(async () => {
    world = await startWorld(`loads-${name.replaceAll(' ', '-')}`)
    const bundle = await bundleForEdge(folder.path, { entry: 'app', format: 'esm', input: world.input })
    workerd = await startWorkerd(bundle, compatibility)
    await go('get', 'warm-up').answer
  }, 60_000)
  afterEach(async () => {
    world.gate.open()
    world.origin.open()
    // Nothing is left of any load, and nothing that a request left behind has made noise.
    await vi.waitFor(async () => expect(await loads()).toMatchObject({ flights: 0 }), { timeout: 5000 })
    expect(workerd.output()).not.toMatch(/uncaught|unhandled|hung|exception|error/i)
  })
  afterAll(async () => {
    await workerd[Symbol.asyncDispose]()
    await world[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })

  interface How {
    readonly route?: string
    readonly options?: EntryOptions
    /** Whether the request leaves out to bind the cache, and so has no `waitUntil`. */
    readonly unbound?: boolean
  }

  function go(route: string, key: string, { options = {}, unbound = false }: How = {}): Visit {
    const query = new URLSearchParams({
      options: JSON.stringify(options),
      ...(unbound && { unbound: 'yes' }),
    })
    return visit(`${workerd.found}/${route}/${key}?${query}`)
  }

  const valueOf = async ({ answer }: Visit): Promise<unknown> => (await answer).value
  const loads = (): Promise<unknown> => valueOf(go('loads', '-'))
  const local = (key: string): Promise<unknown> => valueOf(go('local', key))
  const joined = async (): Promise<number> => ((await loads()) as { joined: number }).joined

  /** A load that waits for its origin, and, once it is so far, others that have joined it. */
  async function begin(
    key: string,
    { joiners, route = 'ask', ...how }: How & { joiners: number },
  ): Promise<{ leader: Visit; joiners: Visit[] }> {
    const before = await joined()
    const calls = world.origin.calls(key)
    world.origin.shut()
    const leader = go(route, key, how)
    await vi.waitFor(() => expect(world.origin.calls(key)).toBe(calls + 1), { timeout: 5000 })
    const visits = Array.from({ length: joiners }, () => go(route, key, how))
    await vi.waitFor(async () => expect(await joined()).toBe(before + joiners), { timeout: 10_000 })
    return { leader, joiners: visits }
  }

  const answers = (visits: readonly Visit[]): Promise<unknown> =>
    Promise.all(visits.map(({ answer }) => answer))
  const allOf = (visits: readonly Visit[], value: unknown) => visits.map(() => ({ status: 200, value }))

  async function redis(...command: string[]): Promise<unknown> {
    const { url, token } = world.input
    const headers = { authorization: `Bearer ${token}` }
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(command) })
    return ((await response.json()) as { result?: unknown }).result
  }

  /** Puts a value into Redis that has ended, and is of use to whoever takes stale ones. */
  async function outdated(key: string): Promise<void> {
    const { url, token, run } = world.input
    const cache = createHybridCache({ redis: { url, token }, keyPrefix: run, l2: { timeout: '15s' } })
    await cache.set(key, 'old', { ttl: '1m', swr: '1m', staleIfError: '1m' })
    const address = `${run}:e:${key}`
    await redis('SET', address, endedBytes(await redis('GET', address)), 'KEEPTTL')
  }

  const lands = (key: string, value: string): Promise<void> =>
    vi.waitFor(async () => expect(await local(key)).toBe(value), { timeout: 5000 })

  test.each([50, 500])('%i requests at once for a cold key share one load', async (count) => {
    const key = `crowd-${count}`
    const { leader, joiners } = await begin(key, { joiners: count - 1 })
    world.origin.open()
    expect(await answers([leader, ...joiners])).toEqual(allOf([leader, ...joiners], `${key} 1`))
    expect(world.origin.calls(key)).toBe(1)
    await lands(key, `${key} 1`)
    expect(await go('ask', key).answer).toEqual({ status: 200, value: `${key} 1` })
    expect(world.origin.calls(key)).toBe(1)
  })

  test('500 requests at once whose load takes no time share what they can', async () => {
    const visits = Array.from({ length: 500 }, () => go('ask', 'quick'))
    expect(await answers(visits)).toEqual(allOf(visits, 'quick 1'))
    expect(world.origin.calls('quick')).toBe(1)
  })

  test('10,000 callers in one request share one load', async () => {
    expect(await go('crowd', 'inside').answer).toEqual({ status: 200, value: ['inside 1', 10_000] })
    expect(world.origin.calls('inside')).toBe(1)
  })

  test('a leader whose client is gone, held by waitUntil, loads for those who joined', async () => {
    const { leader, joiners } = await begin('held', { joiners: 10 })
    leader.reset()
    await expect(leader.answer).rejects.toThrow()
    await sleep(100)
    expect(world.origin.waiting).toBe(1)
    world.origin.open()
    expect(await answers(joiners)).toEqual(allOf(joiners, 'held 1'))
    expect(world.origin.calls('held')).toBe(1)
    await lands('held', 'held 1')
  })

  test('a leader that is gone, held by nothing, is found lost: one of those who joined loads', async () => {
    const { leader, joiners } = await begin('lost', { joiners: 10, unbound: true })
    const { lost } = world.origin
    leader.reset()
    await vi.waitFor(() => expect(world.origin.lost).toBe(lost + 1), { timeout: 5000 })
    const started = performance.now()
    await vi.waitFor(() => expect(world.origin.calls('lost')).toBe(2), { timeout: 5000 })
    expect(performance.now() - started).toBeLessThan(4500) // half a second, and what a busy machine adds; a deadline is 5 s
    world.origin.open()
    expect(await answers(joiners)).toEqual(allOf(joiners, 'lost 2'))
    expect(world.origin.calls('lost')).toBe(2)
    expect(await go('ask', 'lost').answer).toEqual({ status: 200, value: 'lost 2' })
    await lands('lost', 'lost 2')
  })

  test('a leader that is gone with nobody there leaves its key usable', async () => {
    const { leader } = await begin('alone', { joiners: 0, unbound: true })
    leader.reset()
    await vi.waitFor(() => expect(world.origin.waiting).toBe(0), { timeout: 5000 })
    world.origin.open()
    expect(await go('ask', 'alone').answer).toEqual({ status: 200, value: 'alone 2' })
    await lands('alone', 'alone 2')
  })

  test('a leader that is gone while it asks Redis is found lost, too', async () => {
    world.gate.shut('GET')
    const leader = go('ask', 'early', { unbound: true })
    await vi.waitFor(() => expect(world.gate.waiting).toBe(1), { timeout: 5000 })
    const joiners = [go('ask', 'early'), go('ask', 'early')]
    const { lost } = world.gate
    leader.reset()
    await vi.waitFor(() => expect(world.gate.lost).toBe(lost + 1), { timeout: 5000 })
    world.gate.open()
    expect(await answers(joiners)).toEqual(allOf(joiners, 'early 1'))
    expect(world.origin.calls('early')).toBe(1)
  })

  test('a leader that is gone while it stores its value leaves that to others for a moment only', async () => {
    world.gate.shut('SET')
    const leader = go('ask', 'frozen', { unbound: true })
    await vi.waitFor(() => expect(world.gate.waiting).toBe(1), { timeout: 5000 })
    leader.reset()
    await vi.waitFor(() => expect(world.gate.waiting).toBe(0), { timeout: 5000 })
    world.gate.open()
    expect(await go('ask', 'frozen').answer).toEqual({ status: 200, value: 'frozen 1' })
    const next = async () => expect(await go('ask', 'frozen').answer).toMatchObject({ value: 'frozen 2' })
    await vi.waitFor(next, { timeout: 5000, interval: 200 })
    await lands('frozen', 'frozen 2')
  })

  test('a joiner that is gone disturbs nobody', async () => {
    const { leader, joiners } = await begin('left', { joiners: 3, unbound: true })
    joiners.shift()?.reset()
    world.origin.open()
    expect(await answers([leader, ...joiners])).toEqual(allOf([leader, ...joiners], 'left 1'))
    expect(world.origin.calls('left')).toBe(1)
  })

  test('swr answers at once, and the refresh lands behind it', async () => {
    await outdated('swr')
    world.origin.shut()
    const visits = Array.from({ length: 5 }, () => go('ask', 'swr', { options: { swr: '1m' } }))
    expect(await answers(visits)).toEqual(allOf(visits, 'old'))
    await vi.waitFor(() => expect(world.origin.waiting).toBe(1), { timeout: 5000 })
    world.origin.open()
    await lands('swr', 'swr 1')
    expect(world.origin.calls('swr')).toBe(1)
  })

  test('without waitUntil swr loads before it answers', async () => {
    await outdated('swr-unbound')
    const options = { swr: '1m' } as const
    const { leader, joiners } = await begin('swr-unbound', { joiners: 0, options, unbound: true })
    world.origin.open()
    expect(await answers([leader, ...joiners])).toEqual(allOf([leader], 'swr-unbound 1'))
    expect(world.origin.calls('swr-unbound')).toBe(1)
  })

  test('a soft timeout answers, and the load lands behind it', async () => {
    await outdated('soft')
    world.origin.shut()
    const options = { staleIfError: '1m', softTimeout: 50 } as const
    expect(await go('ask', 'soft', { options }).answer).toEqual({ status: 200, value: 'old' })
    expect(await go('ask', 'soft', { options }).answer).toEqual({ status: 200, value: 'old' })
    expect(world.origin.waiting).toBe(1)
    // Who takes no stale value waits for the load of a request that was answered long ago.
    const before = await joined()
    const patient = go('ask', 'soft')
    await vi.waitFor(async () => expect(await joined()).toBe(before + 1), { timeout: 5000 })
    world.origin.open()
    expect(await patient.answer).toEqual({ status: 200, value: 'soft 1' })
    await lands('soft', 'soft 1')
    expect(world.origin.calls('soft')).toBe(1)
  })

  test('without waitUntil a soft timeout does not end the call', async () => {
    await outdated('soft-unbound')
    const options = { staleIfError: '1m', softTimeout: 1 } as const
    const { leader } = await begin('soft-unbound', { joiners: 0, options, unbound: true })
    await sleep(50)
    world.origin.open()
    expect(await leader.answer).toEqual({ status: 200, value: 'soft-unbound 1' })
  })

  test('a timeout ends every call, and aborts the load', async () => {
    const { leader, joiners } = await begin('slow', { joiners: 3, options: { timeout: 3000 } })
    const late = { status: 500, value: { error: 'FACTORY_TIMEOUT' } }
    expect(await answers([leader, ...joiners])).toEqual([late, late, late, late])
    await vi.waitFor(() => expect(world.origin.waiting).toBe(0), { timeout: 5000 })
    world.origin.open()
    expect(await go('ask', 'slow').answer).toEqual({ status: 200, value: 'slow 2' })
  })

  test('a factory that throws does so for all, and the next call loads', async () => {
    const { leader, joiners } = await begin('ill', { route: 'throw', joiners: 5 })
    world.origin.open()
    const thrown = { status: 500, value: { error: 'RangeError: ill 1' } }
    expect(await answers([leader, ...joiners])).toEqual([leader, ...joiners].map(() => thrown))
    expect(world.origin.calls('ill')).toBe(1)
    expect(await go('ask', 'ill').answer).toEqual({ status: 200, value: 'ill 2' })
  })

  test('a value that is not to be stored is given to all', async () => {
    const { leader, joiners } = await begin('skipped', { route: 'skip', joiners: 5 })
    world.origin.open()
    expect(await answers([leader, ...joiners])).toEqual(allOf([leader, ...joiners], 'skipped 1'))
    expect(world.origin.calls('skipped')).toBe(1)
    expect(await local('skipped')).toBeNull()
    expect(await go('ask', 'skipped').answer).toEqual({ status: 200, value: 'skipped 2' })
  })

  test("'global': a lease is taken and given up, and those who joined get the value", async () => {
    const options = { stampede: 'global' } as const
    const { leader, joiners } = await begin('global', { joiners: 10, options })
    leader.reset()
    world.origin.open()
    expect(await answers(joiners)).toEqual(allOf(joiners, 'global 1'))
    expect(world.origin.calls('global')).toBe(1)
    await lands('global', 'global 1')
  })
})
