import { describe, expect, test } from 'vitest'
import type { HybridCache } from '../../../src/index.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { Gate } from '../../support/world.ts'
import { Fleet, interval } from './support.ts'

type Cache = HybridCache<true>

const named = (kind: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${kind}${i}`)
const keys = named('k', 10_000)
const tags = named('t', 1000)
/** Of the keys and tags, those under which there is a value. */
const kept = keys.filter((_, i) => i % 100 === 0)
const tagged = tags.filter((_, i) => i % 20 === 0).map((tag) => [`with ${tag}`, tag] as const)
const apart = named('apart', 50)

onEveryEngine('a flood of invalidations: 10,000 keys and 1,000 tags', (server) => {
  const fleet = new Fleet(server)

  /** One that invalidates, and another with a copy of everything and two loads on their way. */
  async function start(): Promise<{ one: Cache; other: Cache; end: () => Promise<void> }> {
    const [one, other] = [await fleet.warm(), await fleet.warm()]
    await one.setMany([...kept, ...apart].map((key): [string, string] => [key, 'old']))
    for (const [key, tag] of tagged) await one.set(key, 'old', { tags: [tag] })
    expect((await other.getMany([...kept, ...apart])).size).toBe(kept.length + apart.length)
    expect((await other.getMany(tagged.map(([key]) => key))).size).toBe(tagged.length)
    const factory = new Gate()
    const make = async (): Promise<string> => {
      await factory.pass()
      return 'old'
    }
    const loads = [other.getOrCreate('k7', make), other.getOrCreate('loading', make, { tags: ['t7'] })]
    await factory.reached
    return {
      one,
      other,
      async end() {
        factory.open()
        expect(await Promise.all(loads)).toEqual(['old', 'old'])
      },
    }
  }

  /** Nobody has what was removed, in either tier; and what was not is there. */
  async function expectNothingOld(other: Cache): Promise<void> {
    for (const cache of [other, fleet.isolate()]) {
      const removed = [...kept, ...tagged.map(([key]) => key), 'k7', 'loading']
      expect([...(await cache.getMany(removed)).keys()]).toEqual([])
      expect([...(await cache.getMany(apart)).values()]).toEqual(apart.map(() => 'old'))
    }
    expect(await other.getOrCreate('k0', () => 'new')).toBe('new')
    expect(await other.getOrCreate('with t0', () => 'new', { tags: ['t0'] })).toBe('new')
  }

  const log = async (): Promise<number[]> => {
    const reply = await fleet.redis('ZRANGE', `${fleet.prefix}:m:log`, 0, -1, 'WITHSCORES')
    return (reply as string[]).filter((_, i) => i % 2 === 1).map(Number)
  }

  test('who looks at the log in time makes one request a read, and keeps what was not removed', async () => {
    const { one, other, end } = await start()
    await fleet.catchUp(other)
    for (let i = 0; i < 20; i++) {
      await one.remove(keys.slice(i * 500, (i + 1) * 500))
      await one.removeByTag(tags.slice(i * 50, i * 50 + 25))
      await one.removeByTag(tags.slice(i * 50 + 25, (i + 1) * 50))
      await fleet.clock.advance(interval)
      expect(await fleet.cost(() => other.get(`a${i}`))).toBe('1/2')
      expect(await fleet.cost(() => other.get(`b${i}`))).toBe('1/1')
      expect(await fleet.cost(() => other.get('apart0'))).toBe('0/0')
      // Before the fence alone would keep out what they make.
      if (i === 4) await end()
    }
    await expectNothingOld(other)
    expect((await other.getMany(apart)).size).toBe(apart.length)
  })

  test('who has not looked drops its L1 once, and makes one request a read from then on', async () => {
    const { one, other, end } = await start()
    await one.remove(keys)
    for (let i = 0; i < tags.length; i += 25) await one.removeByTag(tags.slice(i, i + 25))
    expect(await fleet.cost(() => other.get('before the look'))).toBe('1/1')
    await fleet.clock.advance(interval)
    expect(await fleet.cost(() => other.get('the look'))).toBe('2/4')
    for (const key of [...apart.slice(0, 5), ...kept.slice(0, 5), 'nothing'])
      expect(await fleet.cost(() => other.get(key))).toBe('1/1')
    // Which tags were removed, it has not heard: it asks for those of an entry once, or with the read that names them.
    const [[first, ,] = ['', ''], [second, tag] = ['', '']] = tagged
    expect(await fleet.cost(() => other.get(first))).toBe('2/2')
    expect(await fleet.cost(() => other.get(first))).toBe('1/1')
    expect(await fleet.cost(() => other.get(second, { tags: [tag] }))).toBe('1/2')
    await end()
    await expectNothingOld(other)
  })

  test('the log keeps the newest 1,024 versions, and 255 more at most', async () => {
    const one = await fleet.warm()
    const lengths: number[] = []
    await one.remove(keys.slice(0, 5000))
    for (let i = 0; i < 1400; i += 200) {
      await Promise.all(tags.slice(0, 100).map((tag) => one.removeByTag(`${tag}-${i}`)))
      await Promise.all(keys.slice(0, 100).map((key) => one.remove(`${key}-${i}`)))
      lengths.push((await log()).length)
    }
    const versions = await log()
    const [oldest = 0, newest = 0] = [versions[0], versions.at(-1)]
    expect(newest).toBe(Number(await fleet.redis('GET', `${fleet.prefix}:m:v`)))
    expect(newest - oldest).toBeLessThan(1024 + 256)
    expect(versions.length).toBe(newest - oldest + 1)
    expect(versions.length).toBeGreaterThanOrEqual(1024)
    // Names that came with one version leave together.
    expect(lengths[0]).toBeGreaterThan(5000)
  })

  describe('more tags than an isolate remembers', () => {
    test('are forgotten, the oldest first, and asked for again: none that was removed comes back', async () => {
      const [one, other] = [await fleet.warm(), await fleet.warm()]
      const alive = { tags: ['alive'] }
      await one.set('dead', 'old', { tags: ['first'] })
      await one.set('kept', 'old', alive)
      await one.removeByTag('first')
      await fleet.catchUp(other)
      expect(await other.get('dead')).toBeUndefined()
      expect(await fleet.cost(() => other.get('kept', { ...alive, l1: false }))).toMatch(/^[12]\//)
      expect(await fleet.cost(() => other.get('kept', { l1: false }))).toBe('1/1')
      for (let i = 0; i < 10_240; i += 32) {
        await one.removeByTag(Array.from({ length: 32 }, (_, n) => `flood${i + n}`))
        if (i % 960 === 0) await fleet.catchUp(other)
      }
      await fleet.catchUp(other)
      expect(await other.get('dead')).toBeUndefined()
      expect(await fleet.cost(() => other.get('kept', { l1: false }))).toBe('2/2')
      expect(await other.get('kept')).toBe('old')
      expect(await fleet.cost(() => other.get('kept', { l1: false }))).toBe('1/1')
    })
  })
})
