import { beforeEach, expect, test } from 'vitest'
import { createLocks, type Lock, type Locks } from '../../../src/lock/index.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { Isolates } from '../atomic/support.ts'
import { post } from '../dev/rest.ts'

// What every operation costs once Redis knows the scripts, counted where it is billed. README and docs/locks.md say the same.

onEveryEngine('costs of locks', (server) => {
  const world = new Isolates(server)
  const cost = (run: () => unknown): Promise<string> => world.cost(run)
  let locks: Locks

  beforeEach(async () => {
    locks = createLocks({ cache: world.isolate() })
    const warm = (await locks.acquire('warm')) as Lock
    await warm.extend()
    await warm.release()
  })

  test('a lock that is free, extended and given back', async () => {
    let lock: Lock | undefined
    expect(await cost(async () => (lock = await locks.acquire('job', { ttl: '1m' })))).toBe('1/5')
    expect(await cost(() => lock?.extend())).toBe('1/3')
    expect(await cost(() => lock?.release())).toBe('1/3')
    expect(await cost(() => lock?.release())).toBe('0/0')
    expect(await cost(() => lock?.extend())).toBe('0/0')
  })

  test('one that somebody has, or has taken', async () => {
    const lock = (await locks.acquire('job', { ttl: '1m' })) as Lock
    expect(await cost(() => locks.acquire('job'))).toBe('1/3')
    await world.redis('SET', 'k:job', '1|x', 'PX', 60_000)
    expect(await cost(() => lock.release())).toBe('1/2')
  })

  test('one that is gone', async () => {
    const lock = (await locks.acquire('job', { ttl: '1m' })) as Lock
    const other = (await locks.acquire('other', { ttl: '1m' })) as Lock
    await world.redis('FLUSHDB')
    expect(await cost(() => lock.extend())).toBe('1/2')
    expect(await cost(() => other.release())).toBe('1/3')
  })

  test('withLock', async () => {
    expect(await cost(() => locks.withLock('job', {}, () => 1))).toBe('2/8')
  })

  test('locks that are asked for in one tick share a request', async () => {
    const names = ['a', 'b', 'c']
    expect(await cost(() => Promise.all(names.map((name) => locks.acquire(name))))).toBe('1/15')
  })

  test('a script that Redis does not know is a request and a command more', async () => {
    await post(server(), '/', ['SCRIPT', 'FLUSH'])
    expect(await cost(() => locks.acquire('job'))).toBe('2/6')
  })
})
