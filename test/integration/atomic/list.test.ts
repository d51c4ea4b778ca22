import { describe, expect, test } from 'vitest'
import { list } from '../../../src/atomic/index.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { record } from '../../support/world.ts'
import { HOSTILE } from '../../lua/lua.ts'
import { Isolates } from './support.ts'

onEveryEngine('list', (server) => {
  const world = new Isolates(server)

  test('keeps the newest, in order, from any isolate', async () => {
    const [a, b] = [world.isolate(), world.isolate()].map((cache) => list<number>(cache, 'l', { maxSize: 3 }))
    if (a === undefined || b === undefined) throw new Error('two lists')
    expect(await a.read()).toEqual([])
    expect([await a.append(1), await b.append(2), await a.append(3), await b.append(4)]).toEqual([1, 2, 3, 3])
    expect(await a.read()).toEqual([2, 3, 4])
    expect(await b.clear()).toBeUndefined()
    expect(await a.read()).toEqual([])
  })

  test('every kind of value comes back whole', async () => {
    const values = [
      null,
      '',
      false,
      0,
      [],
      [[1], []],
      {},
      { a: [] },
      new Date(5),
      new Map([[1, new Set([2n])]]),
      ...HOSTILE,
    ]
    const all = list(world.isolate({ maxValueBytes: 2 ** 22, compression: { threshold: 1 } }), 'l', {
      maxSize: 100,
    })
    for (const value of values) await all.append(value)
    expect(await all.read()).toEqual(values)
  })

  test('its key is <prefix>:q:<name>, by namespace; a value is its codec and its text', async () => {
    const cache = world.isolate()
    await list(cache, 'l', { maxSize: 2 }).append({ a: 1 })
    await list(cache.namespace('x'), 'l', { maxSize: 2 }).append(1n)
    expect(await world.redis('LRANGE', 'q:l', 0, -1)).toEqual(['j|{"a":1}'])
    expect(await world.redis('LRANGE', 'n:x:q:l', 0, -1)).toEqual([expect.stringMatching(/^s\|/)])
    expect(await world.redis('PTTL', 'q:l')).toBe(-1)
  })

  test('its life begins with the first value', async () => {
    const events = list(world.isolate(), 'l', { maxSize: 2, ttl: '1m' })
    await events.append(1)
    await world.redis('PEXPIRE', 'q:l', 500_000)
    await events.append(2)
    expect(await world.redis('PTTL', 'q:l')).toBeGreaterThan(400_000)
    await events.clear()
    await events.append(3)
    expect(await world.redis('PTTL', 'q:l')).toBeLessThanOrEqual(60_000)
  })

  test('what cannot be decoded is left out, with an event each', async () => {
    const cache = world.isolate()
    const events = record(cache, 'discard')
    const mixed = list(cache, 'l', { maxSize: 10 })
    await mixed.append('first')
    for (const foreign of ['text', '', '|', 'j|{', 't:other|x', 'J|1', 'j', '{"a":"|"}'])
      await world.redis('RPUSH', 'q:l', foreign)
    await mixed.append('last')
    expect(await mixed.read()).toEqual(['first', 'last'])
    const reasons = ['foreign', 'foreign', 'foreign', 'codec', 'codec', 'foreign', 'foreign', 'foreign']
    expect(events).toEqual(reasons.map((reason) => ({ tier: 'l2', reason })))
  })

  test('a reader sees its maxSize at most', async () => {
    const cache = world.isolate()
    for (let i = 0; i < 5; i++) await list(cache, 'l', { maxSize: 10 }).append(i)
    expect(await list(cache, 'l', { maxSize: 2 }).read()).toEqual([3, 4])
    expect(await list(cache, 'l', { maxSize: 2 ** 32 - 1 }).read()).toEqual([0, 1, 2, 3, 4])
  })

  describe('refuses', () => {
    test.each([0, -1, 1.5, Number.NaN, 2 ** 32, '5', undefined])('a maxSize of %s', (maxSize) => {
      expect(() => list(world.isolate(), 'l', { maxSize: maxSize as number })).toThrow(TypeError)
    })

    test('what cannot be stored, before anything is sent', async () => {
      const small = list(world.isolate({ maxValueBytes: 10 }), 'l', { maxSize: 5 })
      const cost = await world.cost(async () => {
        await expect(small.append(undefined)).rejects.toThrow(TypeError)
        await expect(small.append(() => 1)).rejects.toMatchObject({ code: 'SERIALIZE' })
        await expect(small.append('x'.repeat(9))).rejects.toMatchObject({ code: 'TOO_LARGE' })
      })
      expect(cost).toBe('0/0')
    })

    test('a key that holds something else', async () => {
      const cache = world.isolate()
      const errors = record(cache, 'error')
      await world.redis('SET', 'q:l', 'text')
      await expect(list(cache, 'l', { maxSize: 5 }).append(1)).rejects.toMatchObject({ code: 'SCRIPT' })
      await expect(list(cache, 'l', { maxSize: 5 }).read()).rejects.toMatchObject({ code: 'L2_REPLY' })
      expect(errors.map(({ operation }) => operation)).toEqual(['list', 'list'])
    })
  })

  test('a thousand at once are all there', async () => {
    const all = list<number>(world.isolate(), 'l', { maxSize: 1_000 })
    const sizes = await Promise.all(Array.from({ length: 1_000 }, (_, i) => all.append(i)))
    expect(new Set(sizes).size).toBe(1_000)
    expect((await all.read()).toSorted((x, y) => x - y)).toEqual(Array.from({ length: 1_000 }, (_, i) => i))
  })
})
