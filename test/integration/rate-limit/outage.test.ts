import { describe, expect, test } from 'vitest'
import { createRateLimiter, type RateLimiter, slidingWindow } from '../../../src/rate-limit/index.ts'
import { NO_REDIS, useServer } from '../dev/engines.ts'

describe.skipIf(NO_REDIS)('an outage of a real Redis', () => {
  const server = useServer({ engine: 'redis-server' })

  test('degrades, and afterwards counting goes on, with a script that Redis has to learn anew', async () => {
    const codes: string[] = []
    const limiter = (onError: 'open' | 'closed' | 'local'): RateLimiter =>
      createRateLimiter({
        redis: server(),
        policy: slidingWindow({ limit: 2, window: '1h', name: onError }),
        onError,
        timeout: '5s',
        breaker: { open: 50 },
        on: { error: ({ error }) => codes.push(error.code) },
      })
    const [open, closed, local] = [limiter('open'), limiter('closed'), limiter('local')]
    for (const each of [open, closed, local])
      expect(await each.limit('ann')).toMatchObject({ success: true, degraded: false, remaining: 1 })

    await server().stopRedis()
    for (let i = 0; i < 8; i++)
      expect(await open.limit('ann')).toMatchObject({ success: true, degraded: true })
    expect(await closed.limit('ann')).toMatchObject({ success: false, degraded: true, reason: 'unavailable' })
    expect((await local.limit('ann')).success).toBe(true)
    expect((await local.limit('ann')).success).toBe(true)
    expect(await local.limit('ann')).toMatchObject({ success: false, degraded: true, reason: 'limit' })
    expect(codes).toContain('BREAKER_OPEN')

    await server().startRedis()
    for (const each of [open, closed, local]) {
      // Somebody else's requests find out that it is back.
      await expect.poll(async () => (await each.limit('bob')).degraded, { timeout: 5000 }).toBe(false)
      expect(await each.limit('ann')).toMatchObject({ success: true, degraded: false, remaining: 1 })
    }
  })
})
