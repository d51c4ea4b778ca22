import type { HybridCache } from '../../../src/index.ts'
import { equal, failure, ok } from './assert.ts'
import { endedBytes } from '../../support/ended.ts'
import { Context } from './background.ts'
import { type Checks, record, type Toolbox, until } from './toolbox.ts'

/** A factory that counts, and waits until it is let go. */
class Factory {
  calls = 0
  #isOpen = false

  readonly make = async (): Promise<string> => {
    const value = `made ${++this.calls}`
    // On timers of the caller's own: what another request resolves may never be heard of.
    await until(() => this.#isOpen)
    return value
  }

  open(): void {
    this.#isOpen = true
  }
}

/** Stores a value that has ended, and is of use to whoever takes stale ones. */
async function outdated(t: Toolbox, key: string): Promise<void> {
  await t.isolate().set(key, 'old', { ttl: '1m', swr: '1m', staleIfError: '1m' })
  const address = `${t.prefix}:e:${key}`
  await t.redis('SET', address, endedBytes(await t.redis('GET', address)), 'KEEPTTL')
}

/** An isolate whose calls have a `waitUntil`, and what came of it. */
function bound(t: Toolbox): { cache: HybridCache; context: Context } {
  const context = new Context()
  return { cache: t.isolate().bind(context), context }
}

const ill = (): never => {
  throw new Error('the origin is ill')
}

export const loading: Checks = {
  'calls at the same time share one load': async (t) => {
    const cache = t.isolate()
    const factory = new Factory()
    const calls = Array.from({ length: 100 }, () => cache.getOrCreate('a', factory.make))
    await until(() => factory.calls > 0)
    factory.open()
    equal(new Set(await Promise.all(calls)), new Set(['made 1']))
    const { count, failed, joined } = cache.stats().loads
    equal({ count, failed, joined }, { count: 1, failed: 0, joined: 99 })
  },

  'swr: the stale value at once, the new one behind the call': async (t) => {
    await outdated(t, 'a')
    const { cache, context } = bound(t)
    const factory = new Factory()
    equal(await cache.getOrCreate('a', factory.make, { swr: '1m' }), 'old')
    factory.open()
    await context.settled()
    equal(cache.getLocal('a'), 'made 1')
    equal(await t.isolate().get('a'), 'made 1')
  },

  'staleIfError: the stale value where the factory throws': async (t) => {
    await outdated(t, 'a')
    const cache = t.isolate()
    const seen = record(cache, 'stale')
    equal(await cache.getOrCreate('a', ill, { staleIfError: '1m' }), 'old')
    equal(seen, ['stale error'])
    equal((await failure(() => t.isolate().getOrCreate('a', ill))).message, 'the origin is ill')
  },

  'softTimeout: the stale value after a while, the load goes on': async (t) => {
    await outdated(t, 'a')
    const { cache, context } = bound(t)
    const factory = new Factory()
    const options = { staleIfError: '1m', softTimeout: 20 } as const
    equal(await cache.getOrCreate('a', factory.make, options), 'old')
    equal(await cache.getOrCreate('a', factory.make, options), 'old')
    factory.open()
    await context.settled()
    equal([cache.getLocal('a'), factory.calls], ['made 1', 1])
  },

  'timeout: FACTORY_TIMEOUT, and the signal of the factory aborts': async (t) => {
    const cache = t.isolate()
    let aborted = false
    const error = await failure(() =>
      cache.getOrCreate(
        'a',
        ({ signal }) =>
          new Promise<string>(() => {
            signal.addEventListener('abort', () => {
              aborted = true
            })
          }),
        { timeout: 50 },
      ),
    )
    equal((error as { code?: string }).code, 'FACTORY_TIMEOUT')
    ok(error instanceof t.subject.api.CacheError, 'not a CacheError')
    equal(aborted, true)
    equal(await cache.getOrCreate('a', () => 'next'), 'next')
  },

  'eager: a hit whose time is near has its value made anew': async (t) => {
    const { cache, context } = bound(t)
    const factory = new Factory()
    factory.open()
    await cache.getOrCreate('a', () => 'first')
    await context.settled()
    // So eager that chance hardly matters.
    const options = { eager: { beta: 1e15 } } as const
    equal(await cache.getOrCreate('a', factory.make, options), 'first')
    await context.settled()
    equal([cache.getLocal('a'), factory.calls], ['made 1', 1])
  },

  "stampede 'global': two isolates, one load": async (t) => {
    const isolates = [await t.warmIsolate(), await t.warmIsolate()]
    const factory = new Factory()
    const calls = isolates.map((cache) => cache.getOrCreate('a', factory.make, { stampede: 'global' }))
    await until(() => factory.calls > 0)
    await until(async () => (await t.redis('EXISTS', `${t.prefix}:l:a`)) === 1)
    factory.open()
    equal(await Promise.all(calls), ['made 1', 'made 1'])
    equal(factory.calls, 1, 'calls of the factory')
    equal(await t.redis('EXISTS', `${t.prefix}:l:a`), 0, 'leases left')
  },

  'forceRefresh loads whatever is there': async (t) => {
    const cache = t.isolate()
    await cache.set('a', 'old')
    equal(await cache.getOrCreate('a', () => 'new', { forceRefresh: true }), 'new')
    equal(cache.getLocal('a'), 'new')
    equal(await t.isolate().get('a'), 'new')
  },

  'notModified keeps the value, and what the origin said of it': async (t) => {
    const first = t.isolate()
    await first.getOrCreate('a', (context) => {
      context.etag = '"v1"'
      context.lastModified = 'Sun, 06 Nov 1994 08:49:37 GMT'
      return { kept: true }
    })
    const seen: unknown[] = []
    const again = (): Promise<unknown> =>
      t.isolate().getOrCreate(
        'a',
        (context) => {
          seen.push(context.stale?.value, context.stale?.etag, context.stale?.lastModified)
          return context.notModified()
        },
        { forceRefresh: true },
      )
    equal(await again(), { kept: true })
    equal(await again(), { kept: true })
    const facts = [{ kept: true }, '"v1"', 'Sun, 06 Nov 1994 08:49:37 GMT']
    equal(seen, [...facts, ...facts])
  },
}
