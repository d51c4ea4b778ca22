import { describe, expect, test } from 'vitest'
import { due, patient } from '../../support/coherence.ts'
import { World } from '../../support/world.ts'

test('thousands of tags that are not known are asked for in commands of a thousand keys at most', async () => {
  const world = new World()
  const writer = await world.warm()
  const keys = Array.from({ length: 1200 }, (_, i) => `k${i}`)
  await writer.setMany(
    keys.map((key) => [key, key]),
    { l1: false },
  )
  for (const key of keys) await writer.set(key, key, { tags: [key] })
  await writer.removeByTag('k7')
  await writer.set('later', 1)
  const cache = await world.warm()
  const values = await cache.getMany(keys)
  expect([values.size, values.has('k7')]).toEqual([1199, false])
  const [, asked = []] = world.redis.requests
  expect(asked.map(([name, ...words]) => [name, words.length])).toEqual([
    ['MGET', 1000],
    ['MGET', 1000],
    ['MGET', 406],
  ])
})

describe('a tag of which only one change was told is asked for', () => {
  test('where that was an own invalidation, before the first request', async () => {
    const world = new World()
    const [writer, cache] = [await world.warm(), world.isolate()]
    await cache.removeByTag('t')
    await writer.set('k', 'old', { tags: ['t'] })
    await writer.removeByTag('t')
    expect(await cache.get('k')).toBeUndefined()
  })

  test('where a look at the log from before a reset told it', async () => {
    const world = new World()
    const [writer, cache] = [await world.warm(), await world.warm(patient)]
    await world.clock.advance(due)
    await writer.removeByTag('t')
    const gate = world.hold('ZRANGE', 'after')
    const late = cache.get('a')
    await gate.reached
    world.redis.after = undefined
    await writer.set('k', 'old', { tags: ['t'] })
    await writer.removeByTag('t')
    await world.clock.advance(2000)
    world.redis.replies.set('ZRANGE', [])
    await cache.get('b') // a reset, and a new beginning
    world.redis.replies.clear()
    gate.open()
    await late
    expect(await cache.get('k')).toBeUndefined()
  })
})
