import { describe, expect, test } from 'vitest'
import { removeByPattern } from '../../../src/admin/index.ts'
import { compareAndSwap, setIfExists } from '../../../src/atomic/index.ts'
import type { EntryOptions, HybridCache } from '../../../src/index.ts'
import { settle } from '../../support/manual-clock.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { Gate } from '../../support/world.ts'
import { Fleet, type Line } from './support.ts'

type Cache = HybridCache<true>

/** An isolate that loads, the connection that it has, and what its factory waits for. */
interface Loader {
  readonly cache: Cache
  readonly line: Line
  readonly factory: Gate
  readonly fleet: Fleet
}

/** A load of `k` that has begun: it makes, or has read, `old`. */
interface Load {
  /** Lets it end. */
  end(): Promise<unknown>
}

const tagged: EntryOptions = { tags: ['t'] }

/** Leaves an entry that is no longer fresh, in L2 and in the isolate's L1. Soon enough: after ten minutes the server is asked for its own time. */
async function leaveStale({ cache, fleet }: Loader, options: EntryOptions = {}): Promise<void> {
  await cache.set('k', 'before', { ...tagged, ttl: '5m', staleIfError: '1h', ...options })
  await fleet.clock.advance(300_001)
}

/** Begins a load whose factory waits, and is done when that has ended and its value is stored, or refused. */
async function begin({ cache, factory }: Loader, options: EntryOptions): Promise<Load> {
  const work: Promise<unknown>[] = []
  const bound = cache.bind({ waitUntil: (promise) => work.push(promise) })
  const make = async (): Promise<string> => {
    await factory.pass()
    return 'old'
  }
  const call = bound.getOrCreate<string>('k', make, { ...tagged, ...options })
  await factory.reached
  return {
    async end() {
      factory.open()
      await call
      await Promise.all(work)
    },
  }
}

/** Every way in which a value can be on its way into the tiers; `cold`: where L2 had nothing. */
const loaders: Record<string, { cold?: true; begin: (loader: Loader) => Promise<Load> }> = {
  'getOrCreate of nothing': { cold: true, begin: (loader) => begin(loader, {}) },
  'getOrCreate of something stale': {
    begin: async (loader) => {
      await leaveStale(loader)
      return begin(loader, {})
    },
  },
  'getOrCreate over a tombstone': {
    cold: true,
    begin: async (loader) => {
      await loader.cache.remove('k')
      return begin(loader, {})
    },
  },
  forceRefresh: {
    begin: async (loader) => {
      await loader.cache.set('k', 'before', tagged)
      return begin(loader, { forceRefresh: true })
    },
  },
  'a load of which the fleet makes one': {
    cold: true,
    begin: (loader) => begin(loader, { stampede: 'global' }),
  },
  'a load of which the fleet makes one, of something stale': {
    begin: async (loader) => {
      await leaveStale(loader)
      return begin(loader, { stampede: 'global' })
    },
  },
  'a load that nobody joins': { cold: true, begin: (loader) => begin(loader, { stampede: 'off' }) },
  'a refresh behind the call': {
    begin: async (loader) => {
      await leaveStale(loader, { swr: '1h', localTtl: '1h' })
      return begin(loader, { swr: '1h' })
    },
  },
  'a refresh before its time': {
    begin: async (loader) => {
      await loader.cache.set('k', 'before', tagged)
      await loader.fleet.clock.advance(1)
      return begin(loader, { eager: { beta: 1e12 } })
    },
  },
  'a load that goes on after a soft timeout': {
    begin: async (loader) => {
      await leaveStale(loader)
      const load = await begin(loader, { softTimeout: 50, staleIfError: '1h' })
      await loader.fleet.clock.advance(50)
      return load
    },
  },
  'a factory that adds the tags itself': {
    cold: true,
    begin: async ({ cache, factory }) => {
      const call = cache.getOrCreate('k', async (context) => {
        await factory.pass()
        context.tags = ['t']
        return 'old'
      })
      await factory.reached
      return {
        end: () => {
          factory.open()
          return call
        },
      }
    },
  },
  getOrCreateMany: {
    cold: true,
    begin: async ({ cache, factory }) => {
      const make = async (missing: readonly string[]): Promise<Map<string, string>> => {
        await factory.pass()
        return new Map(missing.map((key) => [key, 'old']))
      }
      const call = cache.getOrCreateMany(['j', 'k'], make, tagged)
      await factory.reached
      return {
        end: () => {
          factory.open()
          return call
        },
      }
    },
  },
  'a get whose reply is late': {
    begin: async ({ cache, line, fleet }) => {
      await fleet.isolate().set('k', 'old', tagged)
      return late(cache.get('k'), line.hold(`${fleet.prefix}:e:k`))
    },
  },
  'a getMany whose reply is late': {
    begin: async ({ cache, line, fleet }) => {
      await fleet.isolate().set('k', 'old', tagged)
      return late(cache.getMany(['j', 'k']), line.hold(`${fleet.prefix}:e:k`))
    },
  },
  'a getOrCreate whose reply is late': {
    begin: async ({ cache, line, fleet }) => {
      await fleet.isolate().set('k', 'old', tagged)
      // What it makes in the place of what it finds dead is nobody's: it is not stored.
      return late(
        cache.getOrCreate<string | undefined>('k', () => undefined),
        line.hold(`${fleet.prefix}:e:k`),
      )
    },
  },
  'a set whose reply is late': {
    begin: async ({ cache, line, fleet }) => {
      const gate = line.hold(`${fleet.prefix}:e:k`)
      const call = cache.set('k', 'old', tagged)
      await gate.reached
      return late(call, gate)
    },
  },
}

async function late(call: Promise<unknown>, gate: Gate): Promise<Load> {
  await gate.reached
  return {
    end: () => {
      gate.open()
      return call
    },
  }
}

/** What ends the old value; gives what is to be there then, `undefined` for nothing. */
const invalidations: Record<string, (cache: Cache) => Promise<string | undefined>> = {
  remove: async (cache) => void (await cache.remove('k')),
  removeByTag: async (cache) => void (await cache.removeByTag('t')),
  expire: async (cache) => void (await cache.expire('k')),
  expireByTag: async (cache) => void (await cache.expireByTag('t')),
  clear: async (cache) => void (await cache.clear()),
  removeByPattern: async (cache) => void expect(await removeByPattern(cache, 'k*')).toBe(1),
  'set of something that has ended': async (cache) => void (await cache.set('k', 'x', { expiresAt: 1 })),
  set: async (cache) => {
    await cache.set('k', 'new')
    return 'new'
  },
  setMany: async (cache) => {
    await cache.setMany([['k', 'new']])
    return 'new'
  },
  setIfExists: async (cache) => {
    expect(await setIfExists(cache, 'k', 'new')).toBe(true)
    return 'new'
  },
  compareAndSwap: async (cache) => {
    const swap = (value: string): Promise<boolean> => compareAndSwap(cache, 'k', value, 'new')
    expect((await swap('before')) || (await swap('old'))).toBe(true)
    return 'new'
  },
}

/** Those that do nothing where they find no entry. */
const needsEntry: ReadonlySet<string> = new Set(['removeByPattern', 'setIfExists', 'compareAndSwap'])

onEveryEngine('what is on its way when it is invalidated does not come back', (server) => {
  const fleet = new Fleet(server)

  async function loader(): Promise<Loader> {
    const { cache, line } = await fleet.slow()
    return { cache, line, factory: new Gate(), fleet }
  }

  test.each(Object.keys(loaders))('%s: is stored where nothing came in between', async (name) => {
    const it = await loader()
    const load = await loaders[name]?.begin(it)
    await fleet.catchUp(it.cache)
    await load?.end()
    await settle()
    expect(it.cache.getLocal('k')).toBe('old')
    expect(await fleet.isolate().get('k')).toBe('old')
  })

  describe.each(Object.entries(invalidations))('%s', (name, invalidate) => {
    const all = Object.entries(loaders)
    const some = needsEntry.has(name) ? all.filter(([, { cold }]) => cold !== true) : all
    describe.each(some)('%s', (_, { begin: start }) => {
      test('by another isolate, of which this one hears later', async () => {
        const it = await loader()
        const load = await start(it)
        const expected = await invalidate(await fleet.warm())
        await load.end()
        await settle()
        expect(await fleet.isolate().get('k')).toBe(expected)
        await fleet.catchUp(it.cache)
        expect(it.cache.getLocal('k')).toBeUndefined()
        expect(await it.cache.get('k')).toBe(expected)
        await expectNothingStale(fleet.isolate(), expected)
      })

      test('by another isolate, of which this one hears at once', async () => {
        const it = await loader()
        const load = await start(it)
        const expected = await invalidate(await fleet.warm())
        await fleet.catchUp(it.cache)
        await load.end()
        await settle()
        expect(it.cache.getLocal('k')).toBeUndefined()
        expect(await it.cache.get('k')).toBe(expected)
        expect(await fleet.isolate().get('k')).toBe(expected)
      })

      test('by the same isolate', async () => {
        const it = await loader()
        const load = await start(it)
        const expected = await invalidate(it.cache)
        expect(await it.cache.get('k')).toBe(expected)
        await load.end()
        await settle()
        expect(await it.cache.get('k')).toBe(expected)
        it.cache.removeLocal('k')
        expect(await it.cache.get('k')).toBe(expected)
        expect(await fleet.isolate().get('k')).toBe(expected)
      })
    })
  })

  test('a load that is slower than a tombstone lives stores nothing', async () => {
    const it = await loader()
    const load = await begin(it, {})
    await (await fleet.warm()).remove('k')
    await fleet.clock.advance(60_000)
    await fleet.redis('DEL', `${fleet.prefix}:e:k`) // as Redis does then
    await load.end()
    expect(await fleet.isolate().get('k')).toBeUndefined()
    expect(await it.cache.get('k')).toBeUndefined()
  })

  async function expectNothingStale(cache: Cache, expected: string | undefined): Promise<void> {
    expect(await cache.getOrCreate('k', () => 'made')).toBe(expected ?? 'made')
    expect(await fleet.isolate().get('k')).toBe(expected ?? 'made')
  }
})
