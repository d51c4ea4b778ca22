import { describe, expect, test, vi } from 'vitest'
import type { Clock, EntryOptions, LoadContext } from '../../../src/index.ts'
import { type EndedValue, endedValue } from '../../support/ended-value.ts'
import { record, watch, World } from '../../support/world.ts'

const options = { ttl: '10s', staleIfError: '10m' } as const
const late = { code: 'FACTORY_TIMEOUT', retryable: true }

const ended = (given: EntryOptions = {}): Promise<EndedValue> => endedValue({ ...options, ...given })

/** A factory that takes its time by the clock of the world. */
function slow(world: World, ms: number) {
  return vi.fn<(context: LoadContext) => Promise<string>>(
    () => new Promise<string>((resolve) => void world.clock.setTimeout(() => resolve('new'), ms)),
  )
}

/** Like Node's: a little time passes between two looks at it, and timers leave out what is less than a millisecond. */
function unevenClock({ clock }: World): Clock {
  let passed = 0
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic() + (passed += 0.001),
    setTimeout: (run, ms) => clock.setTimeout(run, Math.trunc(ms)),
    clearTimeout: (timer) => clock.clearTimeout(timer),
  }
}

/** The signal that a factory was given. */
function signalOf({ mock }: ReturnType<typeof slow>): AbortSignal {
  const [context] = mock.calls[0] ?? []
  if (context === undefined) throw new Error('the factory was not called')
  return context.signal
}

describe('softTimeout', () => {
  test('gives the stale value at its very millisecond; both tiers keep the result that comes later', async () => {
    const { world, cache } = await ended()
    const factory = slow(world, 5000)
    const events = record(cache, 'stale')
    const call = watch(cache.getOrCreate('k', factory, { ...options, softTimeout: '2s' }))
    await world.clock.advance(1999)
    expect(call).toEqual({})
    await world.clock.advance(1)
    expect(call).toEqual({ value: 'old' })
    expect(events).toEqual([{ reason: 'timeout', age: 2000 }])
    await world.clock.advance(3000)
    expect(cache.getLocal('k')).toBe('new')
    expect(await world.isolate().get('k')).toBe('new')
    expect(factory).toHaveBeenCalledTimes(1)
    expect(signalOf(factory).aborted).toBe(false)
  })

  test('a joiner starts no second factory, and waits for the rest of the time only', async () => {
    const { world, cache } = await ended()
    const factory = slow(world, 5000)
    const given = { ...options, softTimeout: '2s' } as const
    const first = watch(cache.getOrCreate('k', factory, given))
    await world.clock.advance(1500)
    const second = watch(cache.getOrCreate('k', factory, given))
    await world.clock.advance(500)
    expect([first, second]).toEqual([{ value: 'old' }, { value: 'old' }])
    await world.clock.advance(1000)
    expect(await cache.getOrCreate('k', factory, given)).toBe('old')
    const patient = watch(cache.getOrCreate('k', factory, { ttl: '10s' }))
    await world.clock.advance(2000)
    expect(patient).toEqual({ value: 'new' })
    expect(factory).toHaveBeenCalledTimes(1)
    expect(cache.stats()).toMatchObject({ stale: 3, loads: { count: 1, joined: 3 } })
  })

  test('is of no use without a stale value', async () => {
    const { world, cache } = await ended()
    const given = { ttl: '10s', softTimeout: 100 } as const
    const none = watch(cache.getOrCreate('none', slow(world, 5000), { ...given, staleIfError: '1m' }))
    const fresh = watch(cache.getOrCreate('k', slow(world, 5000), given))
    await world.clock.advance(4999)
    expect([none, fresh]).toEqual([{}, {}])
    await world.clock.advance(1)
    expect([none, fresh]).toEqual([{ value: 'new' }, { value: 'new' }])
  })

  test('does not give what has gone past its window by then', async () => {
    const { world, cache } = await ended({ staleIfError: '1s' })
    const given = { ttl: '10s', staleIfError: '1s', softTimeout: 999 } as const
    const inTime = watch(cache.getOrCreate('k', slow(world, 5000), given))
    await world.clock.advance(999)
    expect(inTime).toEqual({ value: 'old' })
    const other = await ended({ staleIfError: '1s' })
    const tooLate = watch(
      other.cache.getOrCreate('k', slow(other.world, 5000), { ...given, softTimeout: 1000, timeout: '3s' }),
    )
    await other.world.clock.advance(2999)
    expect(tooLate).toEqual({})
    await other.world.clock.advance(1)
    expect(tooLate).toEqual({ error: expect.objectContaining(late) as unknown })
  })

  test('lets a failure that comes later be', async () => {
    const { world, cache } = await ended()
    const fail = vi.fn(async () => {
      await new Promise<void>((resolve) => void world.clock.setTimeout(resolve, 5000))
      throw new Error('down')
    })
    const given = { ...options, softTimeout: '2s' } as const
    const call = watch(cache.getOrCreate('k', fail, given))
    await world.clock.advance(5000)
    expect(call).toEqual({ value: 'old' })
    expect(await cache.getOrCreate('k', fail, given)).toBe('old')
    expect(fail).toHaveBeenCalledTimes(1)
  })

  test('is not used where nothing keeps the work alive', async () => {
    vi.stubGlobal('EdgeRuntime', 'edge-runtime')
    const { world, cache } = await ended()
    const given = { ...options, softTimeout: '1s' } as const
    const alone = watch(cache.getOrCreate('k', slow(world, 5000), given))
    await world.clock.advance(4999)
    expect(alone).toEqual({})
    await world.clock.advance(1)
    expect(alone).toEqual({ value: 'new' })
    const other = await ended()
    const bound = other.cache.bind({ waitUntil: () => undefined })
    const behind = watch(bound.getOrCreate('k', slow(other.world, 5000), given))
    await other.world.clock.advance(1000)
    expect(behind).toEqual({ value: 'old' })
    await other.world.clock.advance(4000)
    expect(other.cache.getLocal('k')).toBe('new')
  })

  test('and then timeout ends the work that goes on', async () => {
    const { world, cache } = await ended()
    const factory = slow(world, 5000)
    const call = watch(cache.getOrCreate('k', factory, { ...options, softTimeout: '1s', timeout: '3s' }))
    await world.clock.advance(2999)
    expect(call).toEqual({ value: 'old' })
    const signal = signalOf(factory)
    expect(signal.aborted).toBe(false)
    await world.clock.advance(1)
    expect(signal.reason).toMatchObject(late)
    await world.clock.advance(5000)
    expect(await cache.get('k')).toBeUndefined()
  })
})

describe('timeout', () => {
  test('rejects at its very millisecond, aborts the factory with the same error, and keeps nothing', async () => {
    const world = new World()
    const cache = await world.warm()
    const factory = slow(world, 5000)
    const call = watch(cache.getOrCreate('k', factory, { timeout: '2s' }))
    await world.clock.advance(1999)
    const signal = signalOf(factory)
    expect([call, signal.aborted]).toEqual([{}, false])
    await world.clock.advance(1)
    expect(call.error).toMatchObject(late)
    expect(signal.reason).toBe(call.error)
    await world.clock.advance(10_000)
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.getOrCreate('k', () => 'again')).toBe('again')
  })

  test('gives a stale value where there is one, and still says why to the factory', async () => {
    const { world, cache } = await ended()
    const factory = slow(world, 5000)
    const events = record(cache, 'stale')
    const call = watch(cache.getOrCreate('k', factory, { ...options, timeout: '2s' }))
    await world.clock.advance(2000)
    expect(call).toEqual({ value: 'old' })
    expect(events).toEqual([{ reason: 'timeout', age: 2000 }])
    expect(signalOf(factory).reason).toMatchObject(late)
  })

  test.each(['even', 'uneven'] as const)(
    'is told once, and the origin rests while there is a stale value, by an %s clock',
    async (kind) => {
      const { world } = await ended()
      const cache = world.isolate(kind === 'even' ? {} : { clock: unevenClock(world) })
      const errors = record(cache, 'error')
      const factory = slow(world, 5000)
      const load = (): Promise<unknown> => cache.getOrCreate('k', factory, { ...options, timeout: '2s' })
      const call = watch(load())
      await world.clock.advance(2000)
      expect(call).toEqual({ value: 'old' })
      expect(errors).toEqual([{ operation: 'getOrCreate', error: expect.objectContaining(late) as unknown }])
      expect(await load()).toBe('old')
      await world.clock.advance(5000)
      expect([factory.mock.calls.length, errors.length]).toEqual([1, 1])
    },
  )

  test('that has gone by while another isolate made the value says nothing of the origin', async () => {
    const world = new World()
    const given = { ...options, stampede: 'global', timeout: '1s' } as const
    const [first, second] = [await world.warm(), await world.warm()]
    await first.set('k', 'old', given)
    await first.expire('k')
    const errors = record(second, 'error')
    const failing = watch(
      first.getOrCreate(
        'k',
        () => new Promise((_, fail) => void world.clock.setTimeout(() => fail(new Error('down')), 500)),
        given,
      ),
    )
    await world.clock.advance(1)
    const factory = slow(world, 900)
    const call = watch(second.getOrCreate('k', factory, given))
    await world.clock.advance(1000)
    expect([failing, call]).toEqual([{ value: 'old' }, { value: 'old' }])
    expect(errors).toEqual([])
    await world.clock.advance(12_000)
    void second.getOrCreate('k', factory, given)
    await world.clock.advance(0)
    expect(factory).toHaveBeenCalledTimes(2)
  })

  test('does not disturb who waits longer', async () => {
    const world = new World()
    const cache = await world.warm()
    const factory = slow(world, 5000)
    const short = watch(cache.getOrCreate('k', factory, { timeout: '2s' }))
    const patient = watch(cache.getOrCreate('k', factory))
    const longer = watch(cache.getOrCreate('k', factory, { timeout: '3s' }))
    await world.clock.advance(2000)
    expect([short.error, longer.error]).toEqual([expect.objectContaining(late), undefined])
    await world.clock.advance(1000)
    expect(longer.error).toMatchObject(late)
    expect(signalOf(factory).aborted).toBe(false)
    await world.clock.advance(2000)
    expect(patient).toEqual({ value: 'new' })
    expect(factory).toHaveBeenCalledTimes(1)
    expect(await world.isolate().get('k')).toBe('new')
  })

  test('aborts when the last one has gone, whose own timeout it is', async () => {
    const world = new World()
    const cache = await world.warm()
    const factory = slow(world, 50_000)
    const first = watch(cache.getOrCreate('k', factory, { timeout: '2s' }))
    const second = watch(cache.getOrCreate('k', factory, { timeout: '3s' }))
    await world.clock.advance(3000)
    expect([first.error, second.error]).toEqual([
      expect.objectContaining(late),
      expect.objectContaining(late),
    ])
    expect(signalOf(factory).reason).toBe(second.error)
  })

  test('counts from the start of the factory: a slow Redis takes nothing of it', async () => {
    const { world, cache } = await ended()
    const cold = await world.warm()
    world.redis.before = () => new Promise((resolve) => void world.clock.setTimeout(resolve, 900))
    const hard = watch(cache.getOrCreate('other', slow(world, 5000), { timeout: '2s' }))
    const soft = watch(cold.getOrCreate('k', slow(world, 5000), { ...options, softTimeout: '2s' }))
    await world.clock.advance(2899)
    expect([hard, soft]).toEqual([{}, {}])
    await world.clock.advance(1)
    expect([hard.error, soft.value]).toEqual([expect.objectContaining(late), 'old'])
    const exact = watch(cache.getOrCreate('third', slow(world, 1999), { timeout: '2s' }))
    await world.clock.advance(900 + 1999 + 900)
    expect(exact).toEqual({ value: 'new' })
  })

  test('covers no more than the factory: a value that is being stored is given', async () => {
    const world = new World()
    const cache = await world.warm()
    const gate = world.hold('SET')
    const call = watch(cache.getOrCreate('k', () => 'new', { timeout: '2s' }))
    await gate.reached
    await world.clock.advance(500)
    gate.open()
    await world.clock.advance(5000)
    expect(call).toEqual({ value: 'new' })
  })

  test('cache-wide, and switched off by a call', async () => {
    const world = new World()
    const cache = await world.warm({ timeout: '2s' })
    const rejected = watch(cache.getOrCreate('a', slow(world, 5000)))
    const given = watch(cache.getOrCreate('b', slow(world, 5000), { timeout: false }))
    await world.clock.advance(5000)
    expect(rejected.error).toMatchObject(late)
    expect(given).toEqual({ value: 'new' })
  })

  test.each([0, -1, Number.NaN, Infinity, 'soon', true, null] as never[])(
    '%s is a TypeError',
    async (bad) => {
      const world = new World()
      for (const name of ['timeout', 'softTimeout']) {
        await expect(world.isolate().getOrCreate('k', () => 1, { [name]: bad })).rejects.toThrow(
          new RegExp(`^${name} must be`),
        )
        expect(() => world.isolate({ [name]: bad })).toThrow(new RegExp(`^${name} must be`))
      }
      expect(world.redis.requests).toEqual([])
    },
  )
})
