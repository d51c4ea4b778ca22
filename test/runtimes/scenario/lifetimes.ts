import type { Clock, Duration } from '../../../src/index.ts'
import { equal, ok, refused } from './assert.ts'
import { type Checks, until } from './toolbox.ts'

/** The platform's clock, which can be put forward. */
function movableClock(): Clock & { forward(ms: number): void } {
  let ahead = 0
  return {
    now: () => Date.now() + ahead,
    monotonic: () => performance.now() + ahead,
    setTimeout: (run, ms) => setTimeout(run, ms),
    clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
    forward(ms) {
      ahead += ms
    },
  }
}

export const lifetimes: Checks = {
  'l1: false keeps a value out of L1, l2: false out of Redis': async (t) => {
    const cache = await t.warmIsolate()
    await cache.set('remote', 1, { l1: false })
    equal(cache.getLocal('remote'), undefined)
    equal(await cache.get('remote', { l1: false }), 1)
    equal(cache.getLocal('remote'), undefined, 'after a read with l1: false')
    const cost = await t.costOf(async () => {
      await cache.set('local', 2, { l2: false })
      equal(await cache.getOrCreate('made', () => 3, { l2: false }), 3)
      equal(await cache.get('none', { l2: false }), undefined)
    })
    equal(cost, { requests: 0, commands: 0 })
    equal(cache.getLocal('local'), 2)
    equal(await t.isolate().getMany(['local', 'made']), new Map())
  },

  'localTtl ends the copy in L1 and leaves the one in Redis': async (t) => {
    const clock = movableClock()
    const cache = await t.warmIsolate({ clock, localTtl: '10s' })
    await cache.set('a', 1)
    await cache.set('b', 2, { localTtl: '1m' })
    clock.forward(10_001)
    equal([cache.getLocal('a'), cache.getLocal('b')], [undefined, 2])
    const cost = await t.costOf(async () => equal(await cache.get('a'), 1))
    equal(cost, { requests: 1, commands: 2 }, 'the value, and a look at the log')
    equal(cache.getLocal('a'), 1)
  },

  'ttl ends a value in Redis, and expiresAt too': async (t) => {
    const clock = movableClock()
    const [cache, other] = [await t.warmIsolate({ clock }), await t.warmIsolate({ clock })]
    await cache.set('ttl', 1, { ttl: '1m' })
    await cache.set('instant', 1, { expiresAt: new Date(Date.now() + 60_000) })
    const found = async (): Promise<number[]> =>
      Promise.all([cache, other].map(async (each) => (await each.getMany(['ttl', 'instant'])).size))
    clock.forward(30_000)
    equal(await found(), [2, 2])
    clock.forward(30_001)
    // What time it is on the server, each isolate knows to within half of a round trip.
    await until(async () => (await found()).every((size) => size === 0))
    // And for those whose clock nobody moves.
    await t.isolate().set('short', 1, { ttl: 500 })
    await until(async () => (await t.isolate().get('short')) === undefined)
    // Redis keeps it for longer, so that no slow load finds an empty place, but not for ever.
    const left = (await t.redis('PTTL', `${t.prefix}:e:short`)) as number
    ok(left > 50_000 && left <= 60_000, `Redis keeps what has ended for ${left} ms`)
  },

  'a sliding entry lives on when it is used, and ends when it is not': async (t) => {
    const end = async (): Promise<number> =>
      Number(String(await t.redis('GET', `${t.prefix}:e:a`)).split('|')[4])
    const clock = movableClock()
    const [one, other] = [await t.warmIsolate({ clock }), await t.warmIsolate({ clock })]
    await one.set('a', 1, { sliding: '1m', ttl: '1h' })
    const first = await end()
    clock.forward(40_000)
    equal(await other.get('a'), 1)
    await until(async () => (await end()) > first)
    clock.forward(25_000)
    for (const cache of [one, other]) equal(await cache.getMany(['a'], { l1: false }), new Map([['a', 1]]))
    clock.forward(61_000)
    for (const cache of [one, other]) equal(await cache.get('a'), undefined)
  },

  'a bad duration or option is a TypeError': async (t) => {
    const cache = t.isolate()
    for (const ttl of [0, -1, Number.NaN, Infinity, '', '5 minutes', '-1s', '31d']) {
      await refused(() => cache.set('a', 1, { ttl: ttl as Duration }), `ttl ${ttl}`)
      await refused(() => t.isolate({ ttl: ttl as Duration }), `default ttl ${ttl}`)
    }
    await refused(() => cache.set('a', 1, { ttl: 1, expiresAt: Date.now() + 1000 }), 'ttl and expiresAt')
    await refused(() => t.isolate({ keyPrefix: 'a b' }), 'a prefix with a blank')
    await refused(() => cache.namespace('a:b'), 'a namespace with a colon')
  },
}
