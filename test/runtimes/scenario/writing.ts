import { equal } from './assert.ts'
import type { Checks } from './toolbox.ts'

export const writing: Checks = {
  'set replaces a value in both tiers: 1 request': async (t) => {
    const cache = await t.warmIsolate()
    await cache.set('a', 'old')
    equal(await t.costOf(() => cache.set('a', 'new')), { requests: 1, commands: 4 })
    equal(cache.getLocal('a'), 'new')
    equal(await t.isolate().get('a'), 'new')
  },

  'remove takes keys out of both tiers: 1 request': async (t) => {
    const cache = await t.warmIsolate()
    await cache.setMany([
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ])
    equal(await t.costOf(() => cache.remove(['a', 'b'])), { requests: 1, commands: 5 })
    equal(cache.getLocal('a'), undefined)
    equal(await t.isolate().getMany(['a', 'b', 'c']), new Map([['c', 3]]))
    await cache.remove('c')
    equal(await cache.get('c'), undefined)
  },

  'removeLocal leaves Redis alone': async (t) => {
    const cache = await t.warmIsolate()
    await cache.set('a', 1)
    const cost = await t.costOf(() => cache.removeLocal('a'))
    equal(cost, { requests: 0, commands: 0 })
    equal(cache.getLocal('a'), undefined)
    equal(await cache.get('a'), 1)
  },

  'a namespace has keys of its own': async (t) => {
    const cache = t.isolate()
    await cache.set('a', 'root')
    await cache.namespace('tenant-7').set('a', 'tenant')
    equal(await cache.get('a'), 'root')
    equal(await cache.namespace('tenant-7').get('a'), 'tenant')
    const other = t.isolate()
    equal(await other.namespace('tenant-7').get('a'), 'tenant')
    equal(await other.namespace('tenant-8').get('a'), undefined)
  },

  'the keys in Redis are the documented ones, and expire': async (t) => {
    const cache = t.isolate({ ttl: '1h' })
    await cache.set('a', 1)
    await cache.namespace('n').set('a', 1, { ttl: '10m' })
    const [long, short] = [
      await t.redis('PTTL', `${t.prefix}:e:a`),
      await t.redis('PTTL', `${t.prefix}:n:n:e:a`),
    ] as [number, number]
    equal([long > 3_500_000, long <= 3_600_000], [true, true], 'an hour')
    equal([short > 500_000, short <= 600_000], [true, true], 'ten minutes')
  },
}
