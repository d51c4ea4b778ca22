import { expect, test } from 'vitest'
import { parseEntry } from '../../src/entry/header.ts'
import { SlideEntry } from '../../src/lua/index.ts'
import { describeScripts } from './lua.ts'
import { bytesOf, NOTHING } from './nothing.ts'

const now = 1_800_000_000_000
const [idle, end] = [60_000, now + 3_600_000]

describeScripts('sliding', (lua) => {
  const key = 'p:e:k'
  const slide = (at: number | '' = now, fence = 1): Promise<unknown> =>
    lua().call(SlideEntry, [key], ['p', at, fence])
  const given = (header: object = {}): string => bytesOf({ idle, end, fresh: now + 20_000, ...header }, '"v"')
  const put = (bytes: string): Promise<unknown> => lua().redis('SET', key, bytes)
  const stored = async (): Promise<string> => String(await lua().redis('GET', key))
  const life = (): Promise<unknown> => lua().redis('PTTL', key)

  test('moves the end of the idle window, and changes nothing else', async () => {
    const bytes = given({ stamp: 7, took: 3, tags: ['a|b'], etag: '"x"' })
    await put(bytes)
    expect(await slide()).toBe(idle)
    const [before, after] = [parseEntry(bytes), parseEntry(await stored())]
    expect(after).toEqual({ ...before, header: { ...before?.header, fresh: now + idle } })
    expect(await life()).toSatisfy((ms: number) => ms > idle - 5_000 && ms <= idle)
  })

  test('never passes the absolute end', async () => {
    await put(given({ end: now + 30_000 }))
    expect(await slide()).toBe(30_000)
    expect(parseEntry(await stored())?.header).toMatchObject({ fresh: now + 30_000, end: now + 30_000 })
    expect(await slide(now + 29_999)).toBe(1)
    expect(await slide(now + 30_000)).toBe(0)
  })

  test('never shortens: a use that comes late, or from a clock that is behind', async () => {
    const bytes = given({ fresh: now + idle })
    await put(bytes)
    expect(await slide(now - 10_000)).toBe(idle + 10_000)
    expect(await stored()).toBe(bytes)
    expect(await life()).toBe(-1)
  })

  test('Redis keeps it for the time of the fence at least', async () => {
    await put(given({ idle: 1_000 }))
    expect(await slide(now, 90_000)).toBe(20_000)
    await put(given({ idle: 1_000, fresh: now + 1 }))
    expect(await slide(now, 90_000)).toBe(1_000)
    expect(await life()).toSatisfy((ms: number) => ms > 80_000 && ms <= 90_000)
  })

  test('goes by TIME where no instant is given', async () => {
    const [seconds] = (await lua().redis('TIME')) as [string]
    await put(given({ fresh: Number(seconds) * 1000 + 9_000, end: 9_000_000_000_000 }))
    expect(await slide('')).toBe(idle)
  })

  test.each<readonly [string, string]>([
    ['one that does not slide', bytesOf({ fresh: now + 1 })],
    ['a tombstone', 'h1|t|1700000000000000\n'],
    ['one whose window is over', bytesOf({ idle, end, fresh: now })],
    ['one that was expired by hand', bytesOf({ idle, end, fresh: 0 })],
    ...NOTHING,
  ])('leaves %s as it is', async (_, bytes) => {
    await put(bytes)
    expect(await slide()).toBe(0)
    expect(await stored()).toBe(bytes)
    expect(await life()).toBe(-1)
  })

  test('says 0 where nothing is, or another type of value', async () => {
    expect(await slide()).toBe(0)
    await lua().redis('RPUSH', key, 'x')
    expect(await slide()).toBe(0)
    expect(await lua().redis('LRANGE', key, 0, -1)).toEqual(['x'])
  })

  test.each([[['p', now, 0]], [['p', now, 'x']], [['p', 'soon', 1]], [['p', -1, 1]]])(
    'refuses %j',
    async (args) => {
      await put(given())
      expect(await lua().run(SlideEntry, [key], args)).toMatchObject({
        error: expect.stringContaining('hybrid-cache'),
      })
    },
  )
})
