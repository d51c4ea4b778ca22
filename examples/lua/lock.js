// @ts-check
// A lock: of all the servers that wake up to write the nightly report, one writes it.
import { createHybridCache } from 'hybrid-cache'
import { AcquireLock, ReleaseLock } from 'hybrid-cache/lua'
import { openRedis } from './redis.js'

const { redis, close } = await openRedis()
const cache = createHybridCache({ redis, keyPrefix: 'examples' })

/**
 * Does the work unless somebody else is at it. The lock ends by itself after 10 seconds, so that a holder that crashes locks
 * nobody out; work that may take longer has to prolong it with ExtendLock.
 *
 * @param {string} name
 * @param {() => Promise<void>} work
 */
async function withLock(name, work) {
  const keys = [`lock:${name}`]
  const token = crypto.randomUUID() // another one each time: only who has it can give the lock back
  const acquired = await cache.scripts.execute(AcquireLock, { keys, args: [token, '10s'] })
  if (acquired === 0) return false
  try {
    await work()
    return true
  } finally {
    await cache.scripts.execute(ReleaseLock, { keys, args: [token] })
  }
}

/** @param {string} server */
async function nightly(server) {
  const done = await withLock('report', () => new Promise((resolve) => setTimeout(resolve, 100)))
  console.log(`${server}: ${done ? 'wrote the report' : 'somebody else is at it'}`)
}

try {
  await Promise.all(['one', 'two', 'three'].map(nightly))
  await nightly('four, later')
} finally {
  await close()
}
