import { counter, list } from '../../src/atomic/index.ts'
import { createLocks } from '../../src/lock/index.ts'
import { AcquireLock, GetMultiple, RateLimitSlidingWindow, ReleaseLock } from '../../src/lua/index.ts'
import { createRateLimiter, slidingWindow } from '../../src/rate-limit/index.ts'
import type { Operation } from './given.ts'

const count: Operation = async ({ isolate, isolate: { cache }, tally }) => {
  const visits = counter(cache, tally.counter)
  tally.attempted()
  const outcome = await isolate.attempt(visits.increment())
  if (outcome.ok) tally.counted(outcome.value)
  const read = await isolate.attempt(visits.get())
  if (read.ok) tally.read(read.value)
}

const resetCounter: Operation = async ({ isolate, cache }) => {
  const other = counter(cache, 'canary-key-other', { ttl: '1h' })
  await isolate.attempt(other.increment(2))
  await isolate.attempt(other.reset())
}

const appendAndRead: Operation = async ({ isolate, isolate: { cache }, tally }) => {
  const recent = list<number>(cache, tally.counter, { maxSize: 5 })
  await isolate.attempt(recent.append(tally.next()))
  const read = await isolate.attempt(recent.read())
  if (read.ok) tally.listed(read.value)
  const other = list<number>(cache, 'canary-key-other', { maxSize: 5 })
  await isolate.attempt(other.clear())
}

/** R10: one holder at a time. */
const lock: Operation = async ({ isolate, isolate: { cache }, tally }) => {
  const args = [`${isolate.name}-canary`, '1h'] as const
  const taken = await isolate.attempt(cache.scripts.execute(AcquireLock, { keys: [tally.counter], args }))
  if (taken.ok && taken.value === 1) tally.holds(isolate.name)
  if (!tally.isHolder(isolate.name)) return
  tally.lets()
  await isolate.attempt(cache.scripts.execute(ReleaseLock, { keys: [tally.counter], args: [args[0]] }))
}

/** R11: no more than the limit. */
const limit: Operation = async ({ isolate, isolate: { cache }, tally }) => {
  const call = { keys: [`${tally.counter}-limit`], args: [tally.limit, '30d'] as const }
  const outcome = await isolate.attempt(cache.scripts.execute(RateLimitSlidingWindow, call))
  const reply: readonly unknown[] | null = outcome.ok ? outcome.value : null // whoever lies may say that there is none
  if (reply?.[0] === 1) tally.admitted()
}

/** R10: fences rise, and of two who ask at once one at most has the lock. What was granted unseen is given back behind. */
const fencedLock: Operation = async ({ isolate, isolate: { cache }, tally }) => {
  const locks = createLocks({ cache })
  const take = () => isolate.attempt(locks.acquire(tally.counter, { ttl: '200ms' }))
  const asked = await Promise.all([take(), take()])
  const held = asked.flatMap((outcome) => (outcome.ok && outcome.value !== undefined ? [outcome.value] : []))
  tally.fenced(held.map(({ fence }) => fence))
  for (const each of held) {
    await isolate.attempt(each.extend())
    await isolate.attempt(each.release())
  }
}

/** R11, where denials are remembered, and what Redis does not answer is denied. It never rejects. */
const rateLimiter: Operation = async ({ isolate: { cache }, tally }) => {
  const policy = slidingWindow({ limit: tally.limit, window: '30d' })
  const limiter = createRateLimiter({ cache, policy, name: 'canary', onError: 'closed' })
  const { success } = await limiter.limit(tally.counter)
  if (success) tally.passed()
  await limiter.peek(tally.counter)
  await limiter.limit(`canary-key-${tally.next()}`, { cost: 2 })
}

const scripts: Operation = async ({ isolate, isolate: { cache }, tally }) => {
  await isolate.attempt(cache.scripts.execute(GetMultiple, { keys: ['canary-key-a', 'canary-key-b'] }))
  if (!tally.runsLua) return
  const bump = await cache.scripts.prepare<number>("return redis.call('INCR', KEYS[1])")
  tally.ran()
  const outcome = await isolate.attempt(bump.execute({ keys: [`${tally.counter}-own`] }))
  if (outcome.ok) tally.bumped(outcome.value)
}

/** What is counted, held and let through, by name. */
export const counting: Readonly<Record<string, Operation>> = {
  counter: count,
  'counter, reset': resetCounter,
  list: appendAndRead,
  'scripts: a lock': lock,
  'scripts: a limit': limit,
  'a lock with a fence': fencedLock,
  'a rate limiter': rateLimiter,
  'scripts: read-only, and of one’s own': scripts,
}
