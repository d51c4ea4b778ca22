import { expect, test } from 'vitest'
import { setIfNotExists } from '../../../src/atomic/index.ts'
import type { HybridCache } from '../../../src/index.ts'
import { due } from '../../support/coherence.ts'
import { World } from '../../support/world.ts'

test('a conditional write looks at the log when that is due', async () => {
  const world = new World()
  const cache = (await world.warm()) as HybridCache<true>
  await world.clock.advance(due)
  await setIfNotExists(cache, 'k', 'v').catch(() => undefined) // the script is none of those that the fake knows
  expect(world.redis.take().flat()).toContain('ZRANGE')
})
