// @ts-check
// A counter: visits of today, exact over all isolates, and gone by itself two days after the first one.
import { createHybridCache } from 'hybrid-cache'
import { IncrementWithExpiration } from 'hybrid-cache/lua'
import { openRedis } from './redis.js'

const { redis, close } = await openRedis()
const cache = createHybridCache({ redis, keyPrefix: 'examples' })
const today = new Date().toISOString().slice(0, 10)

/** @param {number} amount */
function count(amount) {
  return cache.scripts.execute(IncrementWithExpiration, { keys: [`visits:${today}`], args: [amount, '2d'] })
}

try {
  console.log('a visit:', await count(1))
  const before = cache.stats().l2.requests
  const sums = await Promise.all(Array.from({ length: 100 }, () => count(1)))
  console.log('a hundred at once:', sums.at(-1))
  console.log('HTTP requests for those:', cache.stats().l2.requests - before)
  console.log('one was a robot:', await count(-1))
} finally {
  await close()
}
