import { expect, test } from 'vitest'
import { AcquireLock, ExtendLock, ReleaseLock } from '../../src/lua/index.ts'
import { describeScripts } from './lua.ts'

describeScripts('locks', (lua) => {
  const acquire = (token: string, timeout = 60_000): Promise<unknown> =>
    lua().call(AcquireLock, ['lock'], [token, timeout])
  const extend = (token: string, timeout = 60_000): Promise<unknown> =>
    lua().call(ExtendLock, ['lock'], [token, timeout])
  const release = (token: string): Promise<unknown> => lua().call(ReleaseLock, ['lock'], [token])
  const ttl = async (): Promise<number> => Number(await lua().redis('PTTL', 'lock'))

  test('one token has it until it gives it back', async () => {
    expect(await acquire('a')).toBe(1)
    expect(await acquire('b')).toBe(0)
    expect(await lua().redis('GET', 'lock')).toBe('a')
    expect(await release('b')).toBe(0)
    expect(await acquire('b')).toBe(0)
    expect(await release('a')).toBe(1)
    expect(await release('a')).toBe(0)
    expect(await acquire('b')).toBe(1)
  })

  test('the same token gets it again, with the whole time', async () => {
    expect(await acquire('a', 5_000)).toBe(1)
    expect(await acquire('a', 80_000)).toBe(1)
    expect(await ttl()).toBeGreaterThan(70_000)
    expect(await acquire('a', 3_000)).toBe(1)
    expect(await ttl()).toBeLessThanOrEqual(3_000)
  })

  test('a refused one does not touch the time of the holder', async () => {
    await acquire('a', 5_000)
    await acquire('b', 80_000)
    expect(await ttl()).toBeLessThanOrEqual(5_000)
  })

  test('it ends by itself, and who had it can neither extend nor release the next one', async () => {
    await acquire('a', 30)
    await lua().elapse(31)
    expect(await extend('a')).toBe(0)
    expect(await acquire('b')).toBe(1)
    expect(await extend('a', 1)).toBe(0)
    expect(await release('a')).toBe(0)
    expect(await lua().redis('GET', 'lock')).toBe('b')
    expect(await ttl()).toBeGreaterThan(50_000)
  })

  test('extending sets the time anew', async () => {
    expect(await extend('a')).toBe(0)
    expect(await lua().redis('EXISTS', 'lock')).toBe(0)
    await acquire('a', 5_000)
    expect(await extend('a', 90_000)).toBe(1)
    expect(await ttl()).toBeGreaterThan(80_000)
  })

  test.each(['A', 'a ', ' a', 'a\u0000', 'a\n', 'aa', '\u0000', '%a', '.'])(
    'the token %j is not the token "a"',
    async (token) => {
      await acquire('a')
      expect(await acquire(token)).toBe(0)
      expect(await extend(token)).toBe(0)
      expect(await release(token)).toBe(0)
      expect(await lua().redis('GET', 'lock')).toBe('a')
    },
  )

  test('fifteen at once: never two inside', async () => {
    let [inside, most, done] = [0, 0, 0]
    const worker = async (id: number): Promise<void> => {
      while ((await acquire(`t${id}`)) !== 1) continue
      inside += 1
      most = Math.max(most, inside)
      await lua().redis('PING')
      inside -= 1
      done += 1
      expect(await release(`t${id}`)).toBe(1)
    }
    await Promise.all(Array.from({ length: 15 }, (_, id) => worker(id)))
    expect([most, done]).toEqual([1, 15])
  })
})
