import { expect, test } from 'vitest'
import { setIfNotExists } from '../../../src/atomic/index.ts'
import type { HybridCache } from '../../../src/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { World } from '../../support/world.ts'

type Write = (cache: HybridCache<true>) => Promise<unknown>

// What an isolate has to know first is asked for along with a read, and ends with it, unless others wait for it as well.
test.each<[string, Write]>([
  ['set', (cache) => cache.set('k', 1)],
  ['setIfNotExists', (cache) => setIfNotExists(cache, 'k', 1)],
  ['getOrCreate', (cache) => cache.getOrCreate('k', () => 1)],
])('%s is none the worse for a read that shares its request and is given up', async (_, write) => {
  const world = new World()
  await world.isolate().set('other', 1)
  const cache = world.isolate()
  const gate = world.holdNext()
  const controller = new AbortController()
  const read = cache.get('other', { signal: controller.signal })
  const written = write(cache)
  await gate.reached
  controller.abort(new Error('left'))
  await expect(read).rejects.toThrow('left')
  gate.open()
  await written
  await settle()
  expect(await world.isolate().get('k')).toBe(1)
})
