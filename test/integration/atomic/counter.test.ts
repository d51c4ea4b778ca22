import { expect, test } from 'vitest'
import { counter } from '../../../src/atomic/index.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { record } from '../../support/world.ts'
import { HOSTILE } from '../../lua/lua.ts'
import { Isolates } from './support.ts'

onEveryEngine('counter', (server) => {
  const world = new Isolates(server)

  test('counts up and down, from any isolate, and begins anew', async () => {
    const [a, b] = [counter(world.isolate(), 'n'), counter(world.isolate(), 'n')]
    expect(await a.get()).toBe(0)
    expect(await a.increment()).toBe(1)
    expect(await b.increment(10)).toBe(11)
    expect(await a.increment(-20)).toBe(-9)
    expect(await a.increment(0)).toBe(-9)
    expect(await b.get()).toBe(-9)
    expect(await b.reset()).toBeUndefined()
    expect(await a.get()).toBe(0)
    await a.reset()
  })

  test('its key is <prefix>:c:<name>, by namespace, apart from entries', async () => {
    const cache = world.isolate()
    await cache.set('n', 'entry')
    await counter(cache, 'n').increment(5)
    await counter(cache.namespace('x'), 'n').increment(7)
    expect(await world.redis('GET', 'c:n')).toBe('5')
    expect(await world.redis('GET', 'n:x:c:n')).toBe('7')
    expect(await world.redis('PTTL', 'c:n')).toBe(-1)
    expect(await cache.get('n')).toBe('entry')
  })

  test('its life begins with the first increment', async () => {
    const visits = counter(world.isolate(), 'n', { ttl: '20s' })
    await visits.increment()
    await world.redis('PEXPIRE', 'c:n', 50_000)
    await visits.increment()
    expect(await world.redis('PTTL', 'c:n')).toBeGreaterThan(40_000)
    await visits.reset()
    await visits.increment()
    expect(await world.redis('PTTL', 'c:n')).toSatisfy((ms: number) => ms > 0 && ms <= 20_000)
    const brief = counter(world.isolate(), 'brief', { ttl: '300ms' })
    await brief.increment()
    await expect.poll(() => brief.get()).toBe(0)
  })

  test('is exact to the last bit as a bigint', async () => {
    const big = counter(world.isolate(), 'n', { bigint: true })
    expect(await big.get()).toBe(0n)
    expect(await big.increment(9_007_199_254_740_993n)).toBe(9_007_199_254_740_993n)
    expect(await big.increment()).toBe(9_007_199_254_740_994n)
    expect(await big.increment(-18_014_398_509_481_987n)).toBe(-9_007_199_254_740_993n)
    expect(await big.get()).toBe(-9_007_199_254_740_993n)
    await big.reset()
    expect(await big.increment(2n ** 63n - 1n)).toBe(2n ** 63n - 1n)
    await expect(big.increment()).rejects.toMatchObject({ code: 'SCRIPT' })
    expect(await big.get()).toBe(2n ** 63n - 1n)
  })

  test('never gives a number that was rounded', async () => {
    const cache = world.isolate()
    const numbers = counter(cache, 'n')
    expect(await numbers.increment(Number.MAX_SAFE_INTEGER)).toBe(Number.MAX_SAFE_INTEGER)
    await expect(numbers.increment()).rejects.toThrow(/bigint: true/)
    await expect(numbers.get()).rejects.toMatchObject({ code: 'L2_REPLY' })
    expect(await counter(cache, 'n', { bigint: true }).get()).toBe(2n ** 53n)
  })

  test.each([1.5, Number.NaN, Infinity, 2 ** 53, '1', null, {}, 2n ** 63n])(
    'refuses to add %s',
    async (by) => {
      const visits = counter(world.isolate(), 'n')
      const cost = await world.cost(() => expect(visits.increment(by as number)).rejects.toThrow(TypeError))
      expect(cost).toBe('0/0')
    },
  )

  test('what is not a counter is an error and stays', async () => {
    const cache = world.isolate()
    const errors = record(cache, 'error')
    await world.redis('SET', 'c:n', 'text')
    await expect(counter(cache, 'n').increment()).rejects.toMatchObject({ code: 'SCRIPT' })
    await expect(counter(cache, 'n').get()).rejects.toMatchObject({ code: 'L2_REPLY' })
    await world.redis('RPUSH', 'c:list', 'x')
    await expect(counter(cache, 'list').increment()).rejects.toMatchObject({ code: 'SCRIPT' })
    await expect(counter(cache, 'list').get()).rejects.toMatchObject({ code: 'L2_REPLY' })
    expect(await world.redis('GET', 'c:n')).toBe('text')
    expect(errors.map(({ operation }) => operation)).toEqual(Array(4).fill('counter'))
  })

  test('what is not a counter is an error also beside other reads of its tick', async () => {
    const cache = world.isolate()
    await world.redis('RPUSH', 'c:list', 'x')
    await counter(cache, 'n').increment(5)
    const outcomes = await Promise.allSettled([
      cache.get('k'),
      counter(cache, 'list').get(),
      counter(cache, 'n').get(),
      counter(cache, 'none').get(),
    ])
    expect(outcomes).toMatchObject([
      { value: undefined },
      { reason: { code: 'L2_REPLY' } },
      { value: 5 },
      { value: 0 },
    ])
  })

  test('any key is a name', async () => {
    const cache = world.isolate()
    const names = HOSTILE.filter((text) => text !== '').map((text) => text.slice(0, 300))
    for (const [i, name] of names.entries()) await counter(cache, name).increment(i + 1)
    const sums = await Promise.all(names.map((name) => counter(cache, name).get()))
    expect(sums).toEqual(names.map((_, i) => i + 1))
  })

  test('10,000 increments at once lose none, and every sum is another one', async () => {
    const isolates = Array.from({ length: 10 }, () => counter(world.isolate({ l2: { timeout: '50s' } }), 'n'))
    const sums = await Promise.all(
      isolates.flatMap((each) => Array.from({ length: 1_000 }, () => each.increment())),
    )
    expect(new Set(sums).size).toBe(10_000)
    expect(Math.max(...sums)).toBe(10_000)
    expect(await isolates[0]?.get()).toBe(10_000)
  })
})
