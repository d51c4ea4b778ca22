import { describe, expect, test } from 'vitest'
import { CacheError, type HybridCache } from '../../../src/index.ts'
import type { SchemaResult, StandardSchema } from '../../../src/schema.ts'
import { settle } from '../../support/manual-clock.ts'
import { flightsOf, marksOf, Origin, reasonOf, stateOf } from '../../support/origin.ts'
import { record, World } from '../../support/world.ts'

// A caller that leaves is nobody else's failure; the last one to leave ends the load.

/** A load of `k` with a caller for each name; each has a signal of its own. */
function crowd(cache: HybridCache, ...names: string[]) {
  const origin = new Origin<string>()
  const callers = names.map((name) => {
    const controller = new AbortController()
    const call = cache.getOrCreate('k', origin.factory, { signal: controller.signal })
    call.catch(() => undefined)
    return { call, leave: () => controller.abort(new Error(name)) }
  })
  return { origin, callers }
}

describe.each(['warm', 'memoryOnly'] as const)('%s', (kind) => {
  const start = async () => {
    const world = new World()
    return { world, cache: await world[kind]() }
  }

  test('the leader leaves while others wait: they get the value, and it is kept', async () => {
    const { cache } = await start()
    const { origin, callers } = crowd(cache, 'leader', 'one', 'two')
    await settle()
    const { signal } = origin.last.context
    callers[0]?.leave()
    await expect(callers[0]?.call).rejects.toThrow('leader')
    expect(signal.aborted).toBe(false)
    expect(flightsOf(cache)).toBe(1)
    origin.last.finish('v')
    expect(await callers[1]?.call).toBe('v')
    expect(await callers[2]?.call).toBe('v')
    await settle()
    expect([flightsOf(cache), marksOf(cache)]).toEqual([0, 0])
    expect(cache.getLocal('k')).toBe('v')
    expect(origin.runs).toHaveLength(1)
  })

  test('one who joined leaves: at once, with its own reason, and nobody else notices', async () => {
    const { cache } = await start()
    const { origin, callers } = crowd(cache, 'leader', 'one', 'two')
    await settle()
    callers[1]?.leave()
    await expect(callers[1]?.call).rejects.toThrow('one')
    expect(origin.last.context.signal.aborted).toBe(false)
    expect(await stateOf(callers[0]?.call as Promise<string>)).toBe('waiting')
    origin.last.finish('v')
    expect(await Promise.all([callers[0]?.call, callers[2]?.call])).toEqual(['v', 'v'])
  })

  test('all leave: the factory is told the reason of the last, and the next caller starts anew', async () => {
    const { world, cache } = await start()
    const { origin, callers } = crowd(cache, 'leader', 'one', 'two')
    await settle()
    const { signal } = origin.last.context
    for (const i of [1, 0, 2]) {
      expect(signal.aborted).toBe(false)
      callers[i]?.leave()
      await settle()
    }
    expect(signal.reason).toMatchObject({ message: 'two' })
    const reasons = await Promise.all(callers.map(({ call }) => reasonOf(call)))
    expect(reasons).toMatchObject([{ message: 'leader' }, { message: 'one' }, { message: 'two' }])
    expect([flightsOf(cache), marksOf(cache)]).toEqual([0, 0])

    const later = cache.getOrCreate('k', origin.factory)
    await settle()
    expect(origin.runs).toHaveLength(2)
    expect(origin.last.context.signal.aborted).toBe(false)
    origin.runs[0]?.finish('of those who left')
    await settle()
    expect(cache.getLocal('k')).toBeUndefined()
    expect(world.redis.values.size).toBe(0)
    origin.last.finish('v')
    expect(await later).toBe('v')
    expect(cache.getLocal('k')).toBe('v')
  })

  test('a factory that fails after all have left fails nobody', async () => {
    const { cache } = await start()
    const { origin, callers } = crowd(cache, 'leader')
    await settle()
    callers[0]?.leave()
    await settle()
    origin.last.fail(new Error('down'))
    await settle()
    expect(await cache.getOrCreate('k', () => 'v')).toBe('v')
  })

  test('a factory that looks at its signal late finds it aborted', async () => {
    const { cache } = await start()
    const { origin, callers } = crowd(cache, 'leader')
    await settle()
    callers[0]?.leave()
    await settle()
    const { signal } = origin.last.context
    expect(signal.aborted).toBe(true)
    expect(signal.reason).toMatchObject({ message: 'leader' })
  })

  test('a caller that is there without a signal keeps the load alive', async () => {
    const { cache } = await start()
    const { origin, callers } = crowd(cache, 'leader', 'one')
    const patient = cache.getOrCreate('k', origin.factory)
    await settle()
    for (const { leave } of callers) leave()
    await settle()
    expect(origin.last.context.signal.aborted).toBe(false)
    origin.last.finish('v')
    expect(await patient).toBe('v')
  })

  test('who comes with an aborted signal neither joins nor leads', async () => {
    const { cache } = await start()
    const { origin, callers } = crowd(cache, 'leader')
    await settle()
    const signal = AbortSignal.abort(new Error('gone'))
    for (const key of ['k', 'other'])
      await expect(cache.getOrCreate(key, origin.factory, { signal })).rejects.toThrow('gone')
    expect(cache.stats().loads).toMatchObject({ count: 1, joined: 0 })
    expect(flightsOf(cache)).toBe(1)
    origin.last.finish('v')
    expect(await callers[0]?.call).toBe('v')
  })

  test('the value comes first, then the signal: the value counts', async () => {
    const { cache } = await start()
    const { origin, callers } = crowd(cache, 'leader', 'one')
    await settle()
    origin.last.finish('v')
    await settle()
    for (const { leave } of callers) leave()
    expect(await Promise.all(callers.map(({ call }) => call))).toEqual(['v', 'v'])
    expect(origin.last.context.signal.aborted).toBe(false)
  })
})

describe('while L2 is being read', () => {
  test('the leader leaves: the request goes on for the others', async () => {
    const world = new World()
    const cache = await world.warm()
    const gate = world.hold('GET')
    const { origin, callers } = crowd(cache, 'leader', 'one')
    await gate.reached
    callers[0]?.leave()
    await expect(callers[0]?.call).rejects.toThrow('leader')
    expect(world.redis.sent.at(-1)?.signal?.aborted).toBe(false)
    gate.open()
    await settle()
    origin.last.finish('v')
    expect(await callers[1]?.call).toBe('v')
  })

  test('all leave: the request is ended, no factory runs, and the next caller asks again', async () => {
    const world = new World()
    const cache = await world.warm()
    const gate = world.hold('GET')
    const { origin, callers } = crowd(cache, 'leader', 'one')
    await gate.reached
    for (const { leave } of callers) leave()
    await settle()
    expect(world.redis.sent.at(-1)?.signal?.aborted).toBe(true)
    expect([flightsOf(cache), marksOf(cache)]).toEqual([0, 0])
    gate.open()
    await settle()
    expect(origin.runs).toHaveLength(0)
    expect(await cache.getOrCreate('k', () => 'v')).toBe('v')
  })
})

test('a reason that looks like a failure of the cache is none', async () => {
  const world = new World()
  const cache = await world.warm()
  const errors = record(cache, 'error')
  const gate = world.hold('GET')
  const controller = new AbortController()
  const reason = reasonOf(cache.getOrCreate('k', () => 'v', { signal: controller.signal }))
  await gate.reached
  const given = new CacheError('L2_TIMEOUT', 'of another cache', { retryable: true })
  controller.abort(given)
  expect(await reason).toBe(given)
  await settle()
  expect(errors).toEqual([])
  gate.open()
})

test('who leaves while the schema looks at what others made begins nothing new', async () => {
  const world = new World()
  await world.isolate().set('k', 'old')
  const cache = await world.warm()
  const controller = new AbortController()
  let refuse!: (result: SchemaResult<unknown>) => void
  const validate = () => new Promise<SchemaResult<unknown>>((resolve) => void (refuse = resolve))
  const schema: StandardSchema = { '~standard': { version: 1, vendor: 'test', validate } }
  const origin = new Origin<string>()
  const leader = cache.getOrCreate('k', origin.factory)
  const options = { schema, signal: controller.signal }
  const reason = reasonOf(cache.getOrCreate('k', origin.factory, options))
  await leader
  await settle()
  world.redis.take()
  controller.abort(new Error('gone'))
  refuse({ issues: [{ message: 'no' }] })
  expect(await reason).toMatchObject({ message: 'gone' })
  await settle()
  expect(world.redis.take()).toEqual([])
  expect([flightsOf(cache), marksOf(cache), origin.runs.length]).toEqual([0, 0, 0])
})
