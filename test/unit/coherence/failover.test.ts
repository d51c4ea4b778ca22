import { describe, expect, test } from 'vitest'
import type { HybridCache } from '../../../src/index.ts'
import { due, versionOf } from '../../support/coherence.ts'
import { World } from '../../support/world.ts'

const counter = 'hc:m:v'

function count(world: World, version: number): void {
  world.redis.versions.set(counter, { value: String(version), expires: Infinity })
}

async function look(world: World, cache: HybridCache): Promise<void> {
  await world.clock.advance(due)
  await cache.get('nothing')
}

/** More writes than were lost. */
async function writeMore(cache: HybridCache): Promise<void> {
  for (let i = 0; i < 30; i++) await cache.set('later', i)
}

/** Two isolates that know of twenty writes which Redis has lost, and have a copy from before those. */
async function failedOver(): Promise<{ world: World; one: HybridCache; other: HybridCache }> {
  const world = new World()
  const [one, other] = [await world.warm({ localTtl: '5m' }), await world.warm({ localTtl: '5m' })]
  await one.set('before', 'old', { tags: ['t'] })
  await other.get('before')
  const kept = versionOf(world)
  for (let i = 0; i < 20; i++) await one.set(`lost:${i}`, i)
  await look(world, other)
  count(world, kept)
  const log = world.redis.sets.get('hc:m:log')
  for (const [member, version] of log ?? []) if (version > kept) log?.delete(member)
  for (let i = 0; i < 20; i++) world.redis.values.delete(`hc:e:lost:${i}`)
  return { world, one, other }
}

describe('after a failover that lost writes', () => {
  test('an isolate that looks before the counter has caught up begins anew', async () => {
    const { world, other } = await failedOver()
    expect(other.getLocal('before')).toBe('old')
    await look(world, other)
    expect(other.getLocal('before')).toBeUndefined()
  })

  test('a removal by key is found in Redis, one by tag does not reach what is loaded meanwhile', async () => {
    const { world, one, other } = await failedOver()
    await other.getOrCreate('made', () => 'old', { tags: ['t'] })
    await one.removeByTag('t')
    expect(await world.isolate().get('made')).toBe('old')
    await one.remove('made')
    expect(await world.isolate().get('made')).toBeUndefined()
  })

  test('an isolate that looks when the counter has caught up misses what was told before', async () => {
    const { world, one, other } = await failedOver()
    await one.removeByTag('t')
    await writeMore(one)
    await look(world, other)
    expect(other.getLocal('before')).toBe('old')
  })

  test.each([
    ['before', () => Promise.resolve()],
    ['after', writeMore],
  ])('%s it has caught up, raising it further and a clear end all from before', async (_, write) => {
    const { world, one, other } = await failedOver()
    await other.getOrCreate('made', () => 'old', { tags: ['t'] })
    await write(one)
    count(world, versionOf(world) + 1_000_000)
    await world.isolate().clear()
    for (const cache of [one, other]) {
      await look(world, cache)
      expect([await cache.get('before'), await cache.get('made')]).toEqual([undefined, undefined])
    }
    await one.set('made', 'new', { tags: ['t'] })
    expect(await other.get('made')).toBe('new')
    await one.removeByTag('t')
    await look(world, other)
    expect(await other.get('made')).toBeUndefined()
  })
})
