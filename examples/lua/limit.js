// @ts-check
// A limit: three requests in ten seconds for each user, over all isolates, by the clock of Redis.
import { createHybridCache } from 'hybrid-cache'
import { RateLimitSlidingWindow } from 'hybrid-cache/lua'
import { openRedis } from './redis.js'

const { redis, close } = await openRedis()
const cache = createHybridCache({ redis, keyPrefix: 'examples' })

/** @param {string} user */
async function handle(user) {
  const [allowed, remaining, retryAfterMs] = await cache.scripts.execute(RateLimitSlidingWindow, {
    keys: [`limit:${user}`],
    args: [3, '10s'],
  })
  if (allowed === 1) return new Response(`hello, ${remaining} left`)
  // Whole seconds, rounded up: who comes back then is let in. A request that was denied has used up nothing.
  const headers = { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }
  return new Response('too many requests', { status: 429, headers })
}

try {
  for (const user of ['ann', 'ann', 'ann', 'ann', 'bob']) {
    const response = await handle(user)
    const retry = response.headers.get('retry-after')
    console.log(
      `${user}: ${response.status} ${await response.text()}${retry ? `, retry after ${retry} s` : ''}`,
    )
  }
} finally {
  await close()
}
