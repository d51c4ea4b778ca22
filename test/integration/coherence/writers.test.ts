import { expect, test } from 'vitest'
import { setIfExists } from '../../../src/atomic/index.ts'
import type { HybridCache } from '../../../src/index.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { Fleet } from './support.ts'

type Cache = HybridCache<true>

const writers = 8
const rounds = 20

onEveryEngine('many writers on one counter of versions', (server) => {
  const fleet = new Fleet(server)

  /** The changes that the log tells of, by name, each with its version. */
  async function changes(): Promise<Map<string, number>> {
    const reply = (await fleet.redis('ZRANGE', `${fleet.prefix}:m:log`, 0, -1, 'WITHSCORES')) as string[]
    return new Map(
      reply.flatMap((name, i): [string, number][] => (i % 2 === 0 ? [[name, Number(reply[i + 1])]] : [])),
    )
  }

  const counter = async (): Promise<number> => Number(await fleet.redis('GET', `${fleet.prefix}:m:v`))

  /** The version that an entry or a tombstone carries. */
  async function stampOf(key: string): Promise<number> {
    const bytes = String(await fleet.redis('GET', `${fleet.prefix}:e:${key}`))
    return Number(/^h1\|[et]\|(\d+)/.exec(bytes)?.[1])
  }

  /** Lets every isolate write at once, each its own, one write after the other. */
  async function everyone(
    caches: readonly Cache[],
    write: (cache: Cache, writer: number, round: number) => Promise<unknown>,
  ): Promise<void> {
    await Promise.all(
      caches.map(async (cache, writer) => {
        for (let round = 0; round < rounds; round++) await write(cache, writer, round)
      }),
    )
  }

  const fleetOf = (count: number): Promise<Cache[]> =>
    Promise.all(Array.from({ length: count }, () => fleet.warm()))

  test('each write has a version of its own, later than that of the write before, and is in the log', async () => {
    const caches = await fleetOf(writers)
    const before = await counter()
    await everyone(caches, (cache, writer, round) => {
      const name = `${writer}-${round}`
      if (round % 4 === 1) return cache.remove(`k${name}`)
      if (round % 4 === 2) return cache.removeByTag(`t${name}`)
      if (round % 4 === 3) return cache.expire(`y${name}`)
      return cache.set(`k${name}`, name)
    })
    const log = await changes()
    const versions: number[] = []
    for (let writer = 0; writer < writers; writer++) {
      const own = Array.from({ length: rounds }, (_, round) => {
        const kind = 'kkty'[round % 4] ?? ''
        return log.get(`${kind}||${kind}${writer}-${round}`) ?? Number.NaN
      })
      expect(own).toEqual(own.toSorted((x, y) => x - y))
      versions.push(...own)
    }
    const all = Array.from({ length: writers * rounds }, (_, i) => before + 1 + i)
    expect(versions.toSorted((x, y) => x - y)).toEqual(all)
    expect(await counter()).toBe(all.at(-1))
    for (const name of ['0-0', '3-4', '7-16', '5-1'])
      expect(await stampOf(`k${name}`)).toBe(log.get(`k||k${name}`))
  })

  test('every isolate comes to the last value of keys that all of them write', async () => {
    const caches = await fleetOf(writers)
    const keys = ['a', 'b', 'c']
    const [first] = caches as [Cache]
    for (const key of keys) await first.set(key, 'at first')
    for (const cache of caches) expect((await cache.getMany(keys)).size).toBe(3)
    let moment = 0
    const writes = new Map<string, { began: number; resolved: number; read: string }>()
    await everyone(caches, async (cache, writer, round) => {
      const key = keys[round % 3] ?? ''
      const value = `${writer}-${round}`
      const began = ++moment
      if (round % 5 === 4) await setIfExists(cache, key, value)
      else await cache.set(key, value)
      const resolved = ++moment
      writes.set(value, { began, resolved, read: String(await cache.get(key, { l1: round % 2 === 0 })) })
    })
    // What a writer reads behind its write is that, or something later: nothing that was there when it began.
    for (const { began, read } of writes.values()) expect(writes.get(read)?.resolved).toBeGreaterThan(began)
    const log = await changes()
    for (const cache of caches) await fleet.catchUp(cache)
    for (const key of keys) {
      const stamp = await stampOf(key)
      expect(stamp).toBe(log.get(`k||${key}`))
      const last = await fleet.isolate().get(key)
      expect(last).toMatch(/^\d-\d+$/)
      expect(await Promise.all(caches.map((cache) => cache.get(key)))).toEqual(caches.map(() => last))
      expect(await Promise.all(caches.map((cache) => cache.get(key, { l1: false })))).toEqual(
        caches.map(() => last),
      )
    }
  })

  test('on an empty database all of them seed it once, and no write is lost', async () => {
    const caches = Array.from({ length: writers }, () => fleet.isolate())
    await Promise.all(caches.map((cache, i) => cache.set(`k${i}`, i)))
    const log = await changes()
    const names = caches.map((_, i) => `k||k${i}`)
    const versions = new Set(names.map((name) => log.get(name)))
    expect(versions.size).toBe(writers)
    expect(Math.max(...[...versions].map(Number))).toBe(await counter())
    const found = await fleet.isolate().getMany(caches.map((_, i) => `k${i}`))
    expect([...found.values()]).toEqual(caches.map((_, i) => i))
  })
})
