import { createLocks, type Locks } from '../../../src/lock/index.ts'
import { equal, failure, ok } from './assert.ts'
import { type Checks, type Toolbox, until } from './toolbox.ts'

/** Locks as another isolate has them. */
function locksOf({ subject, prefix }: Toolbox): Locks {
  const { url, token } = subject.input
  return createLocks({ redis: { url, token }, keyPrefix: prefix, l2: { timeout: '5s' } })
}

export const locking: Checks = {
  'a lock: one holder at a time, a higher number for the next': async (t) => {
    const first = await locksOf(t).acquire('job', { ttl: '30s' })
    equal(await locksOf(t).acquire('job'), undefined)
    equal(await first?.release(), 'released')
    const second = await locksOf(t).acquire('job', { ttl: '30s' })
    ok((second?.fence ?? 0) > (first?.fence ?? Infinity), 'the number did not rise')
    equal(await t.redis('GET', `${t.prefix}:f:job`), String(second?.fence))
    await second?.[Symbol.asyncDispose]()
    ok((await locksOf(t).acquire('job')) !== undefined, 'it was not given back')
  },

  'a lock: extended while the work goes on, and waited for': async (t) => {
    const order: string[] = []
    const work = locksOf(t).withLock('job', { ttl: '4s' }, async ({ signal }) => {
      order.push('first')
      const end = Date.now() + 4100
      await until(() => Date.now() > end) // it is extended after each third of its time
      ok(!signal.aborted, 'it was lost')
      order.push('first ends')
    })
    await until(() => order.length > 0)
    await locksOf(t).withLock('job', { ttl: '30s', wait: '30s', poll: 100 }, () => order.push('second'))
    await work
    equal(order, ['first', 'first ends', 'second'])
  },

  'a lock: its signal aborts before its lease ends': async (t) => {
    const acquire = (name: string) => locksOf(t).acquire(name, { ttl: '3s' })
    // It rejects where the machine stands still for longer than that.
    const lock = await acquire('job').catch(() => acquire('another'))
    if (lock === undefined) throw new Error('nobody else has it')
    const { signal } = lock
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve())
    })
    equal((signal.reason as { code?: string }).code, 'LOCK_LOST')
    await locksOf(t).acquire('busy', { ttl: '30s' })
    const error = await failure(() => locksOf(t).withLock('busy', { wait: false }, () => 1))
    equal((error as { code?: string }).code, 'LOCK_TIMEOUT')
  },
}
