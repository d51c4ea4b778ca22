import { describe, expect, test } from 'vitest'
import { due, patient } from '../../support/coherence.ts'
import { World } from '../../support/world.ts'

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
