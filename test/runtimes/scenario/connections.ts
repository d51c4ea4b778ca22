import type { Command, Reply, Transport } from '../../../src/index.ts'
import { equal, refused } from './assert.ts'
import type { Checks } from './toolbox.ts'

export const connections: Checks = {
  'importing the package and creating a cache touched no network, timer, randomness or clock': async (t) => {
    equal(t.subject.touched, [])
  },

  'a cache that was created while the module loaded works': async (t) => {
    const { early } = t.subject
    equal(await early.getOrCreate(`${t.prefix}.early`, () => ({ made: 'early' })), { made: 'early' })
    equal(early.getLocal(`${t.prefix}.early`), { made: 'early' })
    equal(early.stats().l2.errors, 0)
  },

  'without Redis the cache lives in memory': async (t) => {
    const cache = t.subject.api.createHybridCache()
    const cost = await t.costOf(async () => {
      await cache.set('a', new Date(0))
      equal(await cache.get('a'), new Date(0))
      equal(await cache.getOrCreate('b', () => 2), 2)
      await cache.remove('a')
      equal(await cache.getMany(['a', 'b']), new Map([['b', 2]]))
    })
    equal(cost, { requests: 0, commands: 0 })
  },

  'fromEnv takes both pairs of names, and says what is missing': async (t) => {
    const { fromEnv } = t.subject.api
    const upstash = { UPSTASH_REDIS_REST_URL: 'https://a.example', UPSTASH_REDIS_REST_TOKEN: 't' }
    equal(fromEnv(upstash), { url: 'https://a.example', token: 't' })
    equal(fromEnv({ KV_REST_API_URL: 'https://b.example', KV_REST_API_TOKEN: 'u' }), {
      url: 'https://b.example',
      token: 'u',
    })
    await refused(() => fromEnv({ UPSTASH_REDIS_REST_URL: 'https://a.example' }), 'no token')
    await refused(() => fromEnv({}), 'nothing')
    await refused(() => fromEnv(), 'a process environment that has neither, or none at all')
  },

  'an unsafe URL or token is a TypeError': async (t) => {
    const { token } = t.subject.input
    for (const url of ['', 'redis://127.0.0.1:6379', 'http://redis.example', 'https://u:p@redis.example']) {
      await refused(() => t.isolate({ redis: { url, token } }), `url ${url}`)
    }
    for (const bad of ['', 'a b', 'a\nb'])
      await refused(() => t.isolate({ redis: { url: 'https://redis.example', token: bad } }), 'token')
  },

  'a client of @upstash/redis works': async (t) => {
    const { url, token } = t.subject.input
    const cache = t.isolate({ redis: new t.subject.Redis({ url, token }) })
    await cache.set('a', { rich: new Map([['x', 1n]]) })
    equal(await t.isolate().get('a'), { rich: new Map([['x', 1n]]) })
    equal(await t.isolate({ redis: new t.subject.Redis({ url, token }) }).get('a'), {
      rich: new Map([['x', 1n]]),
    })
  },

  'a transport of your own works': async (t) => {
    const sent: string[] = []
    const replies = new Map<string, Reply>([
      ['TIME', ['1700000000', '0']],
      ['MGET', ['1700000000000000', '1700000000000000']],
      ['EVALSHA', 1_700_000_000_000_001],
    ])
    const redis: Transport = {
      send: async (commands: readonly Command[]) => {
        sent.push(commands.map(([name]) => name).join('+'))
        return commands.map(([name]) => replies.get(name) ?? null)
      },
    }
    const cache = t.isolate({ redis })
    equal(await cache.get('a'), undefined)
    await cache.set('a', 1)
    equal(sent, ['MGET+TIME+GET', 'EVALSHA'])
  },
}
