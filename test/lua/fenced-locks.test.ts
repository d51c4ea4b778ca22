import { expect, test } from 'vitest'
import { AcquireFencedLock, ExtendLock, ReleaseFencedLock } from '../../src/lua/index.ts'
import { describeScripts } from './lua.ts'

type Taken = readonly [fence: number, left: number]

const released = 1
const expired = 0
const lost = -1

describeScripts('fenced locks', (lua) => {
  const acquire = async (token: string, timeout = 60_000): Promise<Taken> =>
    (await lua().call(AcquireFencedLock, ['lock', 'fence'], [token, timeout])) as Taken
  const release = (token: string, fence = 0): Promise<unknown> =>
    lua().call(ReleaseFencedLock, ['lock', 'fence'], [token, fence])
  const ttl = async (key = 'lock'): Promise<number> => Number(await lua().redis('PTTL', key))
  /** The server's clock, in microseconds. */
  const now = async (): Promise<number> => {
    const [seconds, micros] = (await lua().redis('TIME')) as [string, string]
    return Number(seconds) * 1_000_000 + Number(micros)
  }

  test('one token has it until it gives it back, and the others hear how long that may take', async () => {
    const [fence, left] = await acquire('a', 60_000)
    expect(fence).toBeGreaterThan(0)
    expect(left).toBe(60_000)
    const [none, wait] = await acquire('b', 5)
    expect(none).toBe(0)
    expect(wait).toBeGreaterThan(50_000)
    expect(wait).toBeLessThanOrEqual(60_000)
    expect(await release('b')).toBe(lost)
    expect(await release('a', fence)).toBe(released)
    expect((await acquire('b'))[0]).toBeGreaterThan(fence)
  })

  test('the fence is the server’s time in microseconds', async () => {
    const before = await now()
    const [fence] = await acquire('a')
    expect(fence).toBeGreaterThanOrEqual(before)
    expect(fence).toBeLessThanOrEqual(await now())
    expect(await lua().redis('GET', 'fence')).toBe(String(fence))
    expect(await lua().redis('GET', 'lock')).toBe(`${fence}|a`)
  })

  test('the token that has it gets it again, with the same fence and the whole time', async () => {
    const first = await acquire('a', 60_000)
    await lua().redis('PEXPIRE', 'lock', 5_000)
    expect(await acquire('a', 60_000)).toEqual(first)
    expect(await ttl()).toBeGreaterThan(50_000)
    await lua().redis('DEL', 'fence')
    expect(await acquire('a', 60_000)).toEqual(first)
  })

  test('fences rise where the clock was set back, until it has caught up', async () => {
    const ahead = (await now()) + 60_000_000
    await lua().redis('SET', 'fence', ahead)
    for (let n = 1; n <= 3; n++) {
      expect(await acquire(`t${n}`)).toEqual([ahead + n, 60_000])
      expect(await release(`t${n}`, ahead + n)).toBe(released)
    }
    // The number is kept for an hour beyond the instant that it stands for.
    expect(await ttl('fence')).toBeGreaterThan(3_600_000)
    expect(await ttl('fence')).toBeLessThanOrEqual(3_660_001)
  })

  test('fences rise through evictions and flushes', async () => {
    let last = 0
    for (const command of [['DEL', 'fence'], ['DEL', 'lock'], ['DEL', 'lock', 'fence'], ['FLUSHALL']]) {
      const [fence] = await acquire(`t-${command.join('-')}`)
      expect(fence).toBeGreaterThan(last)
      last = fence
      await lua().redis(...command)
      await lua().redis('DEL', 'lock')
    }
    expect((await acquire('end'))[0]).toBeGreaterThan(last)
  })

  test.each(['', 'x', '-5', '1e300', '99999999999999999999', '9007199254740991', '1.5'])(
    'a key of the fence that holds %j counts as none',
    async (text) => {
      await lua().redis('SET', 'fence', text)
      const [fence] = await acquire('a')
      expect(fence).toBeLessThanOrEqual(await now())
      expect(await release('a', fence)).toBe(released)
    },
  )

  test('a key of the fence of another type counts as none', async () => {
    await lua().redis('RPUSH', 'fence', 'x')
    const [fence] = await acquire('a')
    expect(await lua().redis('GET', 'fence')).toBe(String(fence))
  })

  test('it ends by itself; who had it hears whether anybody took it since', async () => {
    const [fence] = await acquire('a', 20)
    await lua().elapse(21)
    expect(await release('a', fence)).toBe(expired)
    const [first] = await acquire('b', 20)
    await lua().elapse(21)
    const [second] = await acquire('c')
    expect(await release('b', first)).toBe(lost)
    expect(await lua().redis('GET', 'lock')).toBe(`${second}|c`)
    expect(await release('c', second)).toBe(released)
    // Nobody has it now; but somebody had.
    expect(await release('b', first)).toBe(lost)
  })

  test('what was given back says so again, and is not granted again', async () => {
    const [fence] = await acquire('a')
    expect(await release('a', fence)).toBe(released)
    expect(await release('a', fence)).toBe(released)
    expect(await acquire('a')).toEqual([0, 0])
    expect(await ttl()).toBeGreaterThan(50_000)
    expect(await ttl()).toBeLessThanOrEqual(60_000)
    expect((await acquire('b'))[0]).toBeGreaterThan(fence)
  })

  test('a release that is sent again says the same again, where it had expired and where it was lost too', async () => {
    const [first] = await acquire('a', 20)
    await lua().elapse(21)
    for (let n = 0; n < 2; n++) expect(await release('a', first)).toBe(expired)
    expect(await acquire('a')).toEqual([0, 0])
    const [second] = await acquire('b')
    for (let n = 0; n < 2; n++) expect(await release('a', first)).toBe(lost)
    expect(await release('b', second)).toBe(released)
    for (let n = 0; n < 2; n++) expect(await release('a', first)).toBe(lost)
    expect(await acquire('a')).toEqual([0, 0])
    expect((await acquire('b'))[0]).toBeGreaterThan(second)
  })

  test('what was given back without a word of what it was had been released', async () => {
    await lua().redis('SET', 'lock', '|a', 'PX', 60_000)
    expect(await acquire('a')).toEqual([0, 0])
    expect(await release('a')).toBe(released)
    expect((await acquire('b'))[0]).toBeGreaterThan(0)
  })

  test('a token that was given back before it came is not granted', async () => {
    expect(await release('late')).toBe(expired)
    expect(await acquire('late')).toEqual([0, 0])
    expect((await acquire('other'))[0]).toBeGreaterThan(0)
  })

  test('a lock is extended by its fence and token', async () => {
    const [fence] = await acquire('a', 5_000)
    expect(await lua().call(ExtendLock, ['lock'], [`${fence}|a`, 60_000])).toBe(1)
    expect(await ttl()).toBeGreaterThan(50_000)
    expect(await lua().call(ExtendLock, ['lock'], [`${fence + 1}|a`, 90_000])).toBe(0)
    await release('a', fence)
    expect(await lua().call(ExtendLock, ['lock'], [`${fence}|a`, 90_000])).toBe(0)
  })

  test('a lock without an end counts as free, one of other bytes does not', async () => {
    await lua().redis('SET', 'lock', '7|x')
    const [fence] = await acquire('a')
    expect(await lua().redis('GET', 'lock')).toBe(`${fence}|a`)
    await lua().redis('SET', 'lock', 'anything', 'PX', 50_000)
    expect((await acquire('b'))[0]).toBe(0)
    expect(await release('b')).toBe(lost)
    expect(await lua().redis('GET', 'lock')).toBe('anything')
    await lua().redis('DEL', 'lock')
    await lua().redis('RPUSH', 'lock', 'x')
    expect((await acquire('c'))[0]).toBeGreaterThan(fence)
  })

  test.each([
    'A',
    'a ',
    ' a',
    'a\u0000',
    'a\n',
    'aa',
    '\u0000',
    '%a',
    '.',
    '|a',
    'a|',
    '1|a',
    '|1|a',
    '-1|a',
  ])('the token %j is not the token "a"', async (token) => {
    const [fence] = await acquire('a')
    expect((await acquire(token))[0]).toBe(0)
    expect(await release(token, fence)).toBe(lost)
    expect(await lua().redis('GET', 'lock')).toBe(`${fence}|a`)
    await release('a', fence)
    const [own] = await acquire(token)
    expect(own).toBeGreaterThan(fence)
    expect(await acquire(token)).toEqual([own, 60_000])
    expect(await release(token, own)).toBe(released)
  })

  test('fifteen at once: never two inside, and their fences rise', async () => {
    let [inside, most] = [0, 0]
    const fences: number[] = []
    const worker = async (id: number): Promise<void> => {
      const token = `t${id}`
      for (;;) {
        const [fence] = await acquire(token)
        if (fence > 0) {
          inside += 1
          most = Math.max(most, inside)
          fences.push(fence)
          await lua().redis('PING')
          inside -= 1
          expect(await release(token, fence)).toBe(released)
          return
        }
      }
    }
    await Promise.all(Array.from({ length: 15 }, (_, id) => worker(id)))
    expect(most).toBe(1)
    expect(fences).toEqual(fences.toSorted((a, b) => a - b))
    expect(new Set(fences).size).toBe(15)
  })
})
