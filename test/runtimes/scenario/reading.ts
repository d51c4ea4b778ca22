import { equal, failure, ok } from './assert.ts'
import { type Checks, record } from './toolbox.ts'

export const reading: Checks = {
  'a cold getOrCreate runs its factory once and writes to Redis: 2 requests': async (t) => {
    const cache = await t.warmIsolate()
    let runs = 0
    const load = (): Promise<unknown> =>
      cache.getOrCreate('user', () => {
        runs++
        return { name: 'Ada' }
      })
    equal(await t.costOf(async () => equal(await load(), { name: 'Ada' })), { requests: 2, commands: 2 })
    equal(await t.costOf(async () => equal(await load(), { name: 'Ada' })), { requests: 0, commands: 0 })
    equal(runs, 1, 'runs of the factory')
  },

  'another isolate finds the value in Redis: 1 request, no factory': async (t) => {
    await t.isolate().getOrCreate('user', () => 'made here')
    const other = await t.warmIsolate()
    const cost = await t.costOf(async () => {
      equal(await other.getOrCreate('user', () => 'made there'), 'made here')
    })
    equal(cost, { requests: 1, commands: 1 })
  },

  'the first request of an isolate asks for the time and the versions, too': async (t) => {
    const cache = t.isolate()
    equal(await t.costOf(() => cache.get('a')), { requests: 1, commands: 3 })
    equal(await t.costOf(() => cache.get('a')), { requests: 1, commands: 1 })
  },

  'a hit in L1 sends nothing, and getLocal sees it': async (t) => {
    const cache = t.isolate()
    await cache.set('a', [1])
    const cost = await t.costOf(async () => {
      equal(await cache.get('a'), [1])
      equal(cache.getLocal('a'), [1])
      equal(cache.getLocal('b'), undefined)
    })
    equal(cost, { requests: 0, commands: 0 })
  },

  'calls of one tick share one request': async (t) => {
    const cache = await t.warmIsolate()
    const keys = Array.from({ length: 20 }, (_, i) => `k${i}`)
    const cost = await t.costOf(() => Promise.all(keys.map((key) => cache.get(key))))
    equal(cost, { requests: 1, commands: 1 })
  },

  'getMany gives what was found, in the order asked, in one command': async (t) => {
    const writer = t.isolate()
    await writer.setMany([
      ['a', 1],
      ['b', { two: 2 }],
    ])
    await writer.setMany(new Map([['c', 'three']]))
    const cache = await t.warmIsolate()
    await cache.get('b')
    const cost = await t.costOf(async () => {
      const found = await cache.getMany(['c', 'none', 'b', 'a', 'c'])
      const expected: [string, unknown][] = [
        ['c', 'three'],
        ['b', { two: 2 }],
        ['a', 1],
      ]
      equal(found, new Map(expected))
    })
    equal(cost, { requests: 1, commands: 1 })
  },

  'null is a value, undefined is none': async (t) => {
    const cache = t.isolate()
    equal(await cache.getOrCreate('null', () => null), null)
    equal(await cache.getOrCreate('undefined', () => undefined), undefined)
    equal(await t.isolate().get('null'), null)
    equal(await t.isolate().getOrCreate('undefined', () => 'again'), 'again')
  },

  "the factory's error is thrown on unchanged": async (t) => {
    const cache = t.isolate()
    const error = new RangeError('no such user')
    const thrown = await failure(() => cache.getOrCreate('a', () => Promise.reject(error)))
    ok(thrown === error, 'another error came out')
    const { count, failed, joined } = cache.stats().loads
    equal({ count, failed, joined }, { count: 1, failed: 1, joined: 0 })
  },

  'a schema refuses what does not fit': async (t) => {
    const schema = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (value: unknown) =>
          typeof value === 'number' ? { value: value * 2 } : { issues: [{ message: 'not a number' }] },
      },
    }
    await t.isolate().setMany([
      ['number', 21],
      ['text', 'x'],
    ])
    const cache = t.isolate()
    const seen = record(cache, 'discard')
    equal(await cache.get('number', { schema }), 42)
    equal(await cache.get('text', { schema }), undefined)
    equal(seen, ['discard l2 schema'])
  },

  'events and statistics tell what happened': async (t) => {
    const cache = t.isolate()
    const seen = record(cache, 'hit', 'miss', 'load', 'store', 'remove')
    await cache.getOrCreate('a', () => 1)
    await cache.get('a')
    await cache.remove('a')
    equal(seen, ['miss', 'load', 'store l2', 'store l1', 'hit l1', 'remove l1', 'remove l2'])
    const { l1, l2, loads } = cache.stats()
    equal([l1.hits, l1.misses, l1.entries, l1.bytes], [1, 1, 0, 0], 'l1')
    equal(l2, { hits: 0, misses: 1, requests: 3, commands: 5, errors: 0, breaker: 'closed', hitRate: 0 })
    equal([loads.count, loads.failed, loads.joined], [1, 0, 0], 'loads')
  },
}
