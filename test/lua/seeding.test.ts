import { describe, expect, test } from 'vitest'
import { SeedVersions } from '../../src/lua/index.ts'
import { describeScripts } from './lua.ts'
import { counter, log, root, seed, versioned } from './versioned.ts'

describeScripts('versions', (lua) => {
  const { redis, seeded, logged, setEntry } = versioned(lua)

  describe('seeding', () => {
    const seedVersions = (): Promise<unknown> => lua().call(SeedVersions, [counter, root, log], ['*'])

    test('takes the server’s time in microseconds, for the root and for the log, and none of it ends', async () => {
      const now = async (): Promise<number> => {
        const [seconds, micros] = (await redis('TIME')) as [string, string]
        return Number(seconds) * 1e6 + Number(micros)
      }
      const before = await now()
      const version = await seedVersions()
      expect(version).toBeGreaterThanOrEqual(before)
      expect(version).toBeLessThanOrEqual(await now())
      expect(await redis('MGET', counter, root)).toEqual([String(version), String(version)])
      expect(await logged()).toEqual(['*', String(version)])
      expect(await lua().pipeline([counter, root, log].map((key) => ['PTTL', key]))).toEqual([-1, -1, -1])
    })

    test('of many at once all get one version, and the next write the one after it', async () => {
      const versions = await Promise.all(Array.from({ length: 20 }, seedVersions))
      expect(new Set(versions).size).toBe(1)
      expect(await setEntry()).toBe((versions[0] as number) + 1)
      expect(await seedVersions()).toBe((versions[0] as number) + 1)
    })

    test.each(['1000000000000', '1700000000000000', '9000000000000000'])('leaves %s alone', async (text) => {
      await seeded(text)
      expect(await seedVersions()).toBe(Number(text))
      expect(await redis('GET', counter)).toBe(text)
      expect(await redis('DBSIZE')).toBe(1)
    })

    test.each(['', '0', '1', '999999999999', '-5', '1.5', '1e15', 'x', '01700000000000000', '9'.repeat(19)])(
      'replaces %j',
      async (text) => {
        await seeded(text)
        const version = await seedVersions()
        expect(version).toBeGreaterThan(seed)
        expect(await redis('MGET', counter, root)).toEqual([String(version), String(version)])
      },
    )

    test('replaces what is of another type, except the log, and then writes nothing', async () => {
      await redis('RPUSH', counter, 'x')
      await redis('RPUSH', root, 'x')
      expect(await seedVersions()).toBeGreaterThan(seed)
      await redis('DEL', counter, root, log)
      await redis('SET', log, 'x')
      expect((await lua().run(SeedVersions, [counter, root, log], ['*'])).error).toMatch(/^WRONGTYPE/)
      expect(await redis('EXISTS', counter, root)).toBe(0)
    })
  })
})
