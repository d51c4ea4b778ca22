import { expect, test } from 'vitest'
import { getAndExtend } from '../../../src/atomic/index.ts'
import { formatEntry } from '../../../src/entry/header.ts'
import type { HybridCache } from '../../../src/index.ts'
import { headerOf } from '../../support/entries.ts'
import { World } from '../../support/world.ts'

/** An isolate, and a server that extends the entry of `key` and takes 400 ms to say so. */
async function slowWorld(header: {
  life: number
  idle?: number
}): Promise<{ world: World; cache: HybridCache<true> }> {
  const world = new World()
  const cache = (await world.warm()) as HybridCache<true>
  const end = world.clock.now() + header.life
  const fresh = world.clock.now() + (header.idle ?? header.life)
  const slides = header.idle === undefined ? {} : { idle: header.idle, end }
  const bytes = formatEntry({
    header: headerOf({ stamp: world.clock.now() * 1000, fresh, ...slides }),
    payload: '1',
  })
  world.redis.replies.set('GetAndExtendEntries', [bytes])
  world.redis.after = () => world.clock.advance(400)
  return { world, cache }
}

test('an idle window in L1 counts from when Redis let it begin, however late the answer', async () => {
  const { world, cache } = await slowWorld({ life: 60_000, idle: 1_000 })
  expect(await getAndExtend(cache, 'key', '1m')).toBe(1)
  world.redis.after = undefined
  world.cut()
  await world.clock.advance(599)
  expect(cache.getLocal('key')).toBe(1)
  await world.clock.advance(1)
  expect(cache.getLocal('key')).toBeUndefined()
})

test('a life that is over when the answer comes is a value all the same, and no copy', async () => {
  const { cache } = await slowWorld({ life: 300 })
  expect(await getAndExtend(cache, 'key', 300)).toBe(1)
  expect(cache.getLocal('key')).toBeUndefined()
  expect(cache.stats().l1.entries).toBe(0)
})

test('the copy in L1 keeps the stale window of the entry', async () => {
  const world = new World()
  const cache = (await world.warm({ l2: { retries: 0 } })) as HybridCache<true>
  const fresh = world.clock.now() + 60_000
  const header = headerOf({ stamp: world.clock.now() * 1000, fresh, stale: fresh + 5000 })
  world.redis.replies.set('GetAndExtendEntries', [formatEntry({ header, payload: '1' })])
  expect(await getAndExtend(cache, 'key', '1m')).toBe(1)
  world.cut()
  const fails = (): never => {
    throw new Error('down')
  }
  await world.clock.advance(64_999)
  expect(await cache.getOrCreate('key', fails, { staleIfError: '1h' })).toBe(1)
  await world.clock.advance(1)
  await expect(cache.getOrCreate('key', fails, { staleIfError: '1h' })).rejects.toThrow('down')
})

test('options may be inherited', async () => {
  const cache = await new World().warm()
  await cache.set('k', 1, { l1: false })
  expect(await getAndExtend(cache, 'k', '1m', Object.create({ l1: false }) as object)).toBe(1)
  expect(cache.getLocal('k')).toBeUndefined()
})
