import { describe, expect, test } from 'vitest'
import { settle } from '../../support/manual-clock.ts'
import { watch, World } from '../../support/world.ts'

// Compression takes a moment, in which a later write of the same key is sent before an earlier one.

const large = 'x'.repeat(5000)
const options = { compression: { threshold: 100 } } as const

/** Until engines have compressed what there is to compress, however busy they are. */
async function until(isDone: () => boolean): Promise<void> {
  for (let i = 0; i < 100_000 && !isDone(); i++) await settle()
}

describe('a large set that a smaller one has overtaken', () => {
  test('is not sent, and resolves', async () => {
    const world = new World()
    const cache = await world.warm(options)
    await Promise.all([cache.set('k', large), cache.set('k', 'small')])
    expect(world.redis.take()).toEqual([['SetEntry']])
    expect(await cache.get('k', { l1: false })).toBe('small')
  })

  test('is sent where that one fails', async () => {
    const world = new World()
    const cache = await world.warm(options)
    const gate = world.hold('SetEntry')
    const [earlier, later] = [watch(cache.set('k', large)), watch(cache.set('k', 'small'))]
    await gate.reached
    await until(() => world.clock.pending === 2) // it waits, and so does the request of the later one
    expect(earlier).toEqual({})
    world.redis.before = undefined
    await world.clock.advance(1000) // the deadline of the later one
    await until(() => 'value' in earlier)
    expect(later.error).toMatchObject({ code: 'L2_TIMEOUT' })
    expect(earlier).toEqual({ value: undefined })
    expect((await cache.get('k', { l1: false })) === large).toBe(true)
    gate.open()
  })

  test.each([
    ['as soon as', large],
    ['later than', large.repeat(200)],
  ])('is sent before another that waits for the same, where it is compressed %s that', async (_, first) => {
    const world = new World()
    const cache = await world.warm(options)
    const gate = world.hold('SetEntry')
    const waiting = [watch(cache.set('k', first)), watch(cache.set('k', `${large}!`))]
    const small = watch(cache.set('k', 'small'))
    await gate.reached
    await until(() => world.clock.pending === 3)
    world.redis.before = undefined
    await world.clock.advance(1000)
    await until(() => waiting.every((state) => 'value' in state))
    expect(small.error).toMatchObject({ code: 'L2_TIMEOUT' })
    expect((await cache.get('k', { l1: false })) === `${large}!`).toBe(true)
    gate.open()
  })

  test('rejects where it is not known in time what became of those that came later', async () => {
    const world = new World()
    const cache = await world.warm(options)
    const gate = world.hold('SetEntry')
    const first = watch(cache.set('k', large))
    const second = watch(cache.set('k', 'small'))
    await gate.reached
    await until(() => world.clock.pending === 2)
    await world.clock.advance(500)
    const third = watch(cache.set('k', 'another'))
    await settle()
    await world.clock.advance(500)
    await until(() => 'error' in first)
    expect(second.error).toMatchObject({ code: 'L2_TIMEOUT' })
    expect(first.error).toMatchObject({ code: 'L2_TIMEOUT', retryable: true })
    expect(third).toEqual({})
    gate.open()
    await until(() => 'value' in third)
    expect(third).toEqual({ value: undefined })
  })

  test('leaves when its caller does', async () => {
    const world = new World()
    const cache = await world.warm(options)
    const gate = world.hold('SetEntry')
    const controller = new AbortController()
    const earlier = watch(cache.set('k', large, { signal: controller.signal }))
    const later = watch(cache.set('k', 'small'))
    await gate.reached
    await until(() => world.clock.pending === 2)
    controller.abort(new Error('no longer wanted'))
    await world.clock.advance(10)
    await until(() => 'error' in earlier)
    expect(earlier.error).toMatchObject({ message: 'no longer wanted' })
    gate.open()
    await until(() => 'value' in later)
    expect(later).toEqual({ value: undefined })
  })
})

test('a load whose value is still being compressed when a set comes stores nothing', async () => {
  const world = new World()
  const cache = await world.warm(options)
  let make!: (value: string) => void
  const load = cache.getOrCreate('k', () => new Promise<string>((resolve) => (make = resolve)))
  await settle()
  world.redis.take()
  make(large)
  for (let i = 0; i < 30; i++) await undefined
  const set = cache.set('k', 'small')
  expect(await load).toBe(large)
  await set
  await settle()
  expect(world.redis.take()).toEqual([['SetEntry']])
  expect(await cache.get('k')).toBe('small')
})

test('a set that cannot hear of later ones, for too much has begun on its key, replaces none of them', async () => {
  const world = new World()
  const cache = await world.warm(options)
  const first = watch(cache.set('k', large))
  const loads = Array.from({ length: 1000 }, () => cache.getOrCreate('k', () => 1, { stampede: 'off' }))
  await cache.set('k', 'small')
  await Promise.all(loads)
  await until(() => Object.keys(first).length > 0)
  expect(first.error).toMatchObject({ code: 'L2_TIMEOUT', retryable: true })
  expect(await cache.get('k', { l1: false })).toBe('small')
})
