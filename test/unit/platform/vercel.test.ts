import { afterEach, expect, test } from 'vitest'
import { perInstance, waitUntil } from '../../../src/platform/vercel.ts'
import { World } from '../../support/world.ts'

const vercel = Symbol.for('@vercel/request-context')

/** Puts a request of Vercel's in place; gives what it is to keep alive. */
function request(): Promise<unknown>[] {
  const kept: Promise<unknown>[] = []
  const context = {
    kept,
    waitUntil(work: Promise<unknown>) {
      this.kept.push(work)
    },
  }
  Object.assign(globalThis, { [vercel]: { get: () => context } })
  return kept
}

afterEach(() => {
  Reflect.deleteProperty(globalThis, vercel)
})

test('a cache is created on the first request of an instance, and kept', () => {
  const world = new World()
  let created = 0
  const cacheOf = perInstance(() => {
    created++
    return world.isolate()
  })
  expect(created).toBe(0)
  expect(cacheOf()).toBe(cacheOf())
  expect(created).toBe(1)
  expect(world.redis.take()).toEqual([])
})

test('where it cannot be created the next request tries again', () => {
  const world = new World()
  let ready = false
  const cacheOf = perInstance(() => {
    if (!ready) throw new TypeError('fromEnv: UPSTASH_REDIS_REST_URL is not set')
    return world.isolate()
  })
  expect(() => cacheOf()).toThrow('UPSTASH_REDIS_REST_URL')
  ready = true
  expect(cacheOf()).toBeDefined()
})

test('what goes on behind a call is kept alive by the request that runs then', async () => {
  const world = new World()
  const cacheOf = perInstance(() => world.isolate())
  await cacheOf().get('warm-up')
  const first = request()
  await cacheOf().getOrCreate('a', () => 1)
  const second = request()
  await cacheOf().getOrCreate('b', () => 2)
  expect([first.length, second.length]).toEqual([1, 1])
  await Promise.all([...first, ...second])
  expect(world.redis.values.size).toBe(2)
})

test('a context that is given is used instead', async () => {
  const world = new World()
  const cacheOf = perInstance(() => world.isolate())
  await cacheOf().get('warm-up')
  const ambient = request()
  const event = { kept: [] as unknown[], waitUntil: (work: unknown) => void event.kept.push(work) }
  await cacheOf(event).getOrCreate('a', () => 1)
  expect([ambient.length, event.kept.length]).toEqual([0, 1])
  expect(() => cacheOf({} as typeof event)).toThrow(TypeError)
})

test('perInstance takes a function', () => {
  expect(() => perInstance(new World().isolate() as unknown as () => never)).toThrow(
    'perInstance takes a function',
  )
})

test('waitUntil hands work to the request, and says whether there is one', () => {
  const work = Promise.resolve()
  expect(waitUntil(work)).toBe(false)
  const kept = request()
  expect(waitUntil(work)).toBe(true)
  expect(kept).toEqual([work])
})
