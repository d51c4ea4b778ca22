import { expect, test } from 'vitest'
import type { HybridCache } from '../../../src/index.ts'
import { createLocks } from '../../../src/lock/index.ts'
import { LockWorld } from './support.ts'

test.each<[string, 'extend' | 'release']>([
  ['ExtendLock', 'extend'],
  ['ReleaseFencedLock', 'release'],
])('an answer to %s that makes no sense is an error', async (script, call) => {
  const world = new LockWorld()
  const cache = world.isolate() as HybridCache<true>
  const lock = await createLocks({ cache }).acquire('job')
  world.redis.replies.set(script, 'nonsense')
  await expect(lock?.[call]()).rejects.toMatchObject({ name: 'CacheError' })
})
