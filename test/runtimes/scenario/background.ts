import type { HybridCache } from '../../../src/index.ts'
import { equal } from './assert.ts'
import { type Checks, record } from './toolbox.ts'

/** Like that of Workers, `waitUntil` works as a method only: taken out of its object it throws. */
export class Context {
  readonly #work: Promise<unknown>[] = []

  waitUntil(work: Promise<unknown>): void {
    this.#work.push(work)
  }

  get count(): number {
    return this.#work.length
  }

  settled(): Promise<unknown> {
    return Promise.all(this.#work)
  }
}

export const background: Checks = {
  'bind hands the write to waitUntil, called as a method': async (t) => {
    const context = new Context()
    const cache = t.isolate()
    equal(await cache.bind(context).getOrCreate('a', () => 1), 1)
    equal(context.count, 1, 'promises handed over')
    await context.settled()
    equal(await t.isolate().get('a'), 1)
    equal(cache.getLocal('a'), 1, 'L1 is shared with the bound view')
  },

  'the option waitUntil does the same': async (t) => {
    const context = new Context()
    const cache = t.isolate({ waitUntil: (work) => context.waitUntil(work) })
    await cache.getOrCreate('a', () => 1)
    equal(context.count, 1, 'promises handed over')
    await context.settled()
    equal(await t.isolate().get('a'), 1)
  },

  'without a waitUntil the write is awaited': async (t) => {
    const cache = t.isolate()
    const seen = record(cache, 'store')
    await cache.getOrCreate('a', () => 1)
    equal(seen, ['store l2', 'store l1'])
    equal(await t.redis('EXISTS', `${t.prefix}:e:a`), 1)
  },

  'a failing write in waitUntil never rejects': async (t) => {
    const { dead, token } = t.subject.input
    const context = new Context()
    const cache = t.isolate({ redis: { url: dead, token } }).bind(context)
    equal(await cache.getOrCreate('a', () => 1), 1)
    await context.settled()
  },

  'perIsolate creates one cache for all requests': async (t) => {
    let created = 0
    const perRequest = t.subject.perIsolate((env: object): HybridCache => {
      created++
      return t.isolate({ redis: t.subject.api.fromEnv(env) })
    })
    const { url, token } = t.subject.input
    const env = { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token }
    const context = new Context()
    await perRequest(env, context).getOrCreate('a', () => 1)
    await context.settled()
    equal(perRequest(env, new Context()).getLocal('a'), 1)
    equal(created, 1, 'caches created')
  },
}
