// A process that takes locks, again and again, several at a time: mostly as it should, sometimes as it should not. It tells its
// parent how each acquisition went.
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLocks } from 'hybrid-cache/lock'

/** Wall-clock milliseconds, with fractions. */
const now = () => performance.timeOrigin + performance.now()
const random = (most) => Math.random() * most
/** @type {(reason: unknown) => void} */
const tell = (message) => void process.send?.(message)

process.once('message', async ({ url, token, prefix, names, workers, count, wait }) => {
  const locks = createLocks({
    redis: { url, token },
    keyPrefix: prefix,
    breaker: 'off',
    l2: { timeout: '3s' },
  })
  let done = 0

  /** What a holder does with its lock: notes until when it was sure of it, and gives what release said. */
  async function hold(lock, fate, record) {
    const sure = () => now() + lock.remaining
    record.until = sure()
    if (fate === 'leave') return 'left'
    if (fate === 'overstay') await sleep(60 + random(60))
    else await sleep(random(3))
    // One that fails changes nothing: the lock is given back all the same, or it would be extended until maxHold.
    if (fate === 'extend' && (await lock.extend().catch(() => false))) record.until = sure()
    record.until = Math.min(record.until, now())
    return lock.release()
  }

  /** Those who overstay, or never come back, have a short lease; some of the others are extended by themselves. */
  function choose() {
    const chance = Math.random()
    if (chance < 0.02) return { fate: 'leave', ttl: 60, autoExtend: false }
    if (chance < 0.06) return { fate: 'overstay', ttl: 60, autoExtend: false }
    return { fate: chance < 0.1 ? 'extend' : 'work', ttl: 2_000, autoExtend: chance < 0.3 }
  }

  async function take(name) {
    const asked = now()
    const { fate, ...options } = choose()
    const record = { name, waited: 0, fence: 0, from: 0, until: 0, how: 'failed', error: '' }
    try {
      const lock = await locks.acquire(name, { ...options, wait, poll: 60 })
      record.from = now()
      record.waited = record.from - asked
      if (lock === undefined) return { ...record, how: 'timeout' }
      record.fence = lock.fence
      record.how = await hold(lock, fate, record)
    } catch (error) {
      record.waited ||= now() - asked
      record.error = error.code ?? String(error)
    }
    return record
  }

  async function work() {
    while (done < count) {
      const record = await take(names[Math.floor(random(names.length))])
      tell(record)
      if (record.fence > 0) done++
      else await sleep(20)
    }
  }

  await Promise.all(Array.from({ length: workers }, work))
  process.disconnect()
})
