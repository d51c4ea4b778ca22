import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createLocks, type Lock, type Locks } from '../../../src/lock/index.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { Isolates } from '../atomic/support.ts'

onEveryEngine('locks', (server) => {
  const world = new Isolates(server)
  const locks = (): Locks => createLocks({ cache: world.isolate() })
  /** The server's clock, in microseconds. */
  const now = async (): Promise<number> => {
    const [seconds, micros] = (await world.redis('TIME')) as [string, string]
    return Number(seconds) * 1_000_000 + Number(micros)
  }
  /** Waits until a lease has ended by the server's clock. */
  const gone = (name: string): Promise<void> =>
    expect.poll(() => world.redis('EXISTS', `k:${name}`), { timeout: 15_000 }).toBe(0)

  test('one at a time, and each with a higher number', async () => {
    const before = await now()
    const first = (await locks().acquire('job')) as Lock
    expect(first.fence).toBeGreaterThanOrEqual(before)
    expect(first.fence).toBeLessThanOrEqual(await now())
    expect(await locks().acquire('job')).toBeUndefined()
    expect(await locks().acquire('another')).toBeDefined()
    expect(await first.release()).toBe('released')
    const second = (await locks().acquire('job')) as Lock
    expect(second.fence).toBeGreaterThan(first.fence)
    expect(await first.release()).toBe('released')
    expect(await locks().acquire('job')).toBeUndefined()
  })

  test('is where the README says', async () => {
    const lock = (await createLocks({ cache: world.isolate().namespace('shop') }).acquire('a:b')) as Lock
    expect(await world.redis('GET', 'n:shop:k:a:b')).toMatch(new RegExp(`^${lock.fence}\\|[0-9a-f-]{36}$`))
    expect(await world.redis('GET', 'n:shop:f:a:b')).toBe(String(lock.fence))
    await lock.release()
    expect(await world.redis('GET', 'n:shop:k:a:b')).toMatch(/^\|1\|[0-9a-f-]{36}$/)
    expect(Number(await world.redis('PTTL', 'n:shop:k:a:b'))).toBeLessThanOrEqual(60_000)
  })

  test('works without a cache, under a prefix of its own', async () => {
    const own = createLocks({ redis: server(), keyPrefix: world.prefix, l2: { timeout: '15s' } })
    expect(await own.acquire('job')).toBeDefined()
    expect(await locks().acquire('job')).toBeUndefined()
  })

  test('a holder that overstays is told from one that was in time', async () => {
    const slow = (await locks().acquire('job', { ttl: 4000 })) as Lock
    await gone('job')
    expect(slow.signal.reason).toMatchObject({ code: 'LOCK_LOST' })
    expect(await slow.release()).toBe('expired')
    const late = (await locks().acquire('job')) as Lock
    await world.redis('DEL', 'k:job')
    const next = (await locks().acquire('job')) as Lock
    expect(await late.release()).toBe('lost')
    expect(await next.release()).toBe('released')
  })

  test('a lease that is extended outlasts itself', async () => {
    const result = await locks().withLock('job', { ttl: 6000 }, async ({ signal }) => {
      for (let i = 0; i < 4; i++) {
        await sleep(1700)
        expect(await locks().acquire('job')).toBeUndefined()
      }
      return signal.aborted
    })
    expect(result).toBe(false)
    expect(await locks().acquire('job')).toBeDefined()
  })

  test('who waits gets it when it is given back, or when its lease ends', async () => {
    const first = (await locks().acquire('job', { ttl: '1m' })) as Lock
    const waiting = locks().acquire('job', { wait: '20s', ttl: '10s' })
    const { requests } = server().stats()
    await expect.poll(() => server().stats().requests).toBeGreaterThan(requests) // it has asked once
    await first.release()
    expect((await waiting)?.fence).toBeGreaterThan(first.fence)
    await world.redis('PEXPIRE', 'k:job', 300)
    expect(await locks().acquire('job', { wait: '20s' })).toBeDefined()
  })

  test('a hundred at once add up', async () => {
    const fences: number[] = []
    let [sum, inside] = [0, 0]
    const isolates = Array.from({ length: 10 }, locks)
    await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        isolates[i % 10]?.withLock('sum', { ttl: '10s', wait: '50s', poll: 200 }, async ({ fence }) => {
          expect(++inside).toBe(1)
          const seen = sum
          await sleep(1)
          sum = seen + 1
          fences.push(fence)
          inside--
        }),
      ),
    )
    expect(sum).toBe(100)
    expect(fences).toEqual(fences.toSorted((a, b) => a - b))
  })

  test('fences rise through a flush, and the one before is told that its lock is gone', async () => {
    const before = (await locks().acquire('job')) as Lock
    await world.redis('FLUSHALL')
    expect(await before.extend()).toBe(false)
    const after = (await locks().acquire('job')) as Lock
    expect(after.fence).toBeGreaterThan(before.fence)
    expect(await before.release()).toBe('lost')
  })

  test('locks no key that it does not touch', async () => {
    server().resetStats()
    for (let i = 0; i < 8; i++) {
      const lock = await locks().acquire(`job${i % 2}`)
      await lock?.extend()
      await lock?.release()
    }
    expect(server().stats().warnings).toBeUndefined()
  })
})
