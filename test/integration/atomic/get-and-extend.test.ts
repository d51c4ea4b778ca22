import { expect, test } from 'vitest'
import { getAndExtend } from '../../../src/atomic/index.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { record } from '../../support/world.ts'
import { Isolates } from './support.ts'

onEveryEngine('getAndExtend', (server) => {
  const world = new Isolates(server)
  const life = async (key: string): Promise<number> => Number(await world.redis('PTTL', `e:${key}`))
  const freshFor = async (key: string): Promise<number> =>
    Number(String(await world.redis('GET', `e:${key}`)).split('|')[4]) - Date.now()
  const near =
    (ms: number): ((left: number) => boolean) =>
    (left) =>
      left > ms - 5_000 && left <= ms

  test('gives the value and a new life, longer or shorter, to Redis and to the header', async () => {
    const [a, b] = [world.isolate(), world.isolate()]
    await a.set('k', { n: [1] }, { ttl: '1m' })
    expect(await getAndExtend(b, 'k', '10m')).toEqual({ n: [1] })
    expect(await life('k')).toSatisfy(near(600_000))
    expect(await freshFor('k')).toSatisfy(near(600_000))
    expect(await getAndExtend(b, 'k', '20s')).toEqual({ n: [1] })
    expect(await freshFor('k')).toSatisfy(near(20_000))
    // For that long what a slower load makes finds no empty place.
    expect(await life('k')).toSatisfy(near(60_000))
    expect(await world.isolate().get('k')).toEqual({ n: [1] })
  })

  test('what counts as nothing is undefined, and gets no life', async () => {
    const cache = world.isolate()
    const events = record(cache, 'miss')
    expect(await getAndExtend(cache, 'k', '10m')).toBeUndefined()
    await cache.set('k', 1)
    await world.expire('e:k')
    expect(cache.getLocal('k')).toBe(1)
    expect(await getAndExtend(cache, 'k', '10m')).toBeUndefined()
    expect(cache.getLocal('k')).toBeUndefined()
    expect(await life('k')).toBe(-1)
    await world.redis('SET', 'e:k', 'foreign')
    expect(await getAndExtend(cache, 'k', '10m')).toBeUndefined()
    expect(await world.redis('GET', 'e:k')).toBe('foreign')
    await world.redis('DEL', 'e:k')
    await world.redis('RPUSH', 'e:k', 'x')
    expect(await getAndExtend(cache, 'k', '10m')).toBeUndefined()
    expect(events.map(({ operation }) => operation)).toEqual(Array(4).fill('getAndExtend'))
  })

  test('damage to the value is found here, as in any read', async () => {
    const cache = world.isolate()
    await cache.set('k', 'value')
    await world.redis('SET', 'e:k', String(await world.redis('GET', 'e:k')).replace('value', 'valve'))
    const events = record(cache, 'discard')
    expect(await getAndExtend(cache, 'k', '10m')).toBeUndefined()
    expect(events).toEqual([{ tier: 'l2', reason: 'corrupt' }])
  })

  test('a sliding entry keeps its window, and ttl is its new end', async () => {
    const cache = world.isolate()
    await cache.set('k', 1, { ttl: '10m', sliding: '1m' })
    await world.redis('PEXPIRE', 'e:k', 5_000)
    cache.removeLocal('k')
    expect(await getAndExtend(cache, 'k', '20m')).toBe(1)
    expect(await life('k')).toSatisfy(near(60_000))
    expect(cache.getLocal('k')).toBe(1)
    const [, , , , fresh, , end, idle] = String(await world.redis('GET', 'e:k')).split('|')
    expect(idle).toBe('60000')
    expect(Number(fresh) - Date.now()).toSatisfy(near(60_000))
    expect(Number(end) - Date.now()).toSatisfy(near(1_200_000))
  })

  test('compressed and rich values come back whole', async () => {
    const cache = world.isolate({ compression: { threshold: 1 } })
    const value = new Map([['a', new Date(5)]])
    await cache.set('k', value)
    expect(await getAndExtend(world.isolate(), 'k', '10m')).toEqual(value)
  })

  test('related keys follow, but only if there is a first', async () => {
    const cache = world.isolate()
    await cache.setMany(
      [
        ['a', 1],
        ['b', 2],
      ],
      { ttl: '1m' },
    )
    const related = ['a', 'b', 'none', 'k', 'a']
    expect(await getAndExtend(cache, 'k', '10m', { related })).toBeUndefined()
    expect([await life('a'), await life('b')]).toEqual([
      expect.toSatisfy(near(60_000)),
      expect.toSatisfy(near(60_000)),
    ])
    expect(cache.getLocal('a')).toBe(1)
    await cache.set('k', 0, { ttl: '1m' })
    expect(await getAndExtend(cache, 'k', '10m', { related })).toBe(0)
    for (const key of ['k', 'a', 'b']) expect(await life(key)).toSatisfy(near(600_000))
    expect(await life('none')).toBe(-2)
  })

  test('L1 never outlives what was shortened, here or in related keys', async () => {
    const cache = world.isolate()
    await cache.setMany(
      [
        ['k', 1],
        ['a', 2],
      ],
      { ttl: '10m', localTtl: '10m' },
    )
    expect(await getAndExtend(cache, 'k', 3000, { related: ['a'], localTtl: '10m' })).toBe(1)
    expect([cache.getLocal('k'), cache.getLocal('a')]).toEqual([1, undefined])
    const left = async () => [cache.getLocal('k'), await cache.get('k'), await cache.get('a')]
    await expect.poll(left, { timeout: 10_000 }).toEqual([undefined, undefined, undefined])
  })

  test('L1 is left out where the call says so', async () => {
    const cache = world.isolate()
    await cache.set('k', 1)
    expect(await getAndExtend(cache, 'k', '1m', { l1: false })).toBe(1)
    expect(cache.getLocal('k')).toBeUndefined()
  })

  test('a set meanwhile is not undone in L1', async () => {
    const cache = world.isolate()
    await cache.set('k', 1)
    const reading = getAndExtend(cache, 'k', '10m')
    await Promise.all([reading, cache.set('k', 2)])
    expect(cache.getLocal('k')).not.toBe(1)
    expect(await cache.get('k')).toBe(2)
  })

  test('a thousand clients extend one entry, and it stays whole', async () => {
    const cache = world.isolate()
    await cache.set('k', 'whole')
    const values = await Promise.all(
      Array.from({ length: 1_000 }, (_, i) => getAndExtend(cache, 'k', 10_000 + i)),
    )
    expect(new Set(values)).toEqual(new Set(['whole']))
  })
})
