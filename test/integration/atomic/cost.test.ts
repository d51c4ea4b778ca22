import { beforeEach, expect, test } from 'vitest'
import { explain, health, removeByPattern } from '../../../src/admin/index.ts'
import {
  compareAndSwap,
  counter,
  getAndExtend,
  list,
  setIfExists,
  setIfNotExists,
} from '../../../src/atomic/index.ts'
import type { HybridCache } from '../../../src/index.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { Isolates } from './support.ts'

// What every operation costs in the steady state, counted where it is billed. The README's table says the same.

onEveryEngine('costs of what works on top', (server) => {
  const world = new Isolates(server)
  const cost = (run: () => unknown): Promise<string> => world.cost(run)
  let cache: HybridCache<true>

  /** An isolate that knows the time, a server that knows the scripts. */
  beforeEach(async () => {
    await world.redis('FLUSHALL')
    cache = world.isolate()
    await setIfNotExists(cache, 'warm', 1)
    await setIfExists(cache, 'warm', 1)
    await compareAndSwap(cache, 'warm', 1, 2)
    await getAndExtend(cache, 'warm', '1m')
    await cache.get('warm', { l1: false })
    await counter(cache, 'warm').increment()
    await list(cache, 'warm', { maxSize: 1 }).append(1)
  })

  test('conditional writes', async () => {
    expect(await cost(() => setIfExists(cache, 'k', 1))).toBe('1/2')
    expect(await cost(() => compareAndSwap(cache, 'k', 1, 2))).toBe('1/2')
    expect(await cost(() => setIfNotExists(cache, 'k', 1))).toBe('1/5')
    expect(await cost(() => setIfNotExists(cache, 'k', 1))).toBe('1/3')
    expect(await cost(() => compareAndSwap(cache, 'k', 2, 3))).toBe('1/3')
    expect(await cost(() => compareAndSwap(cache, 'k', 1, 2))).toBe('1/6')
    expect(await cost(() => setIfExists(cache, 'k', 1))).toBe('1/6')
    await world.expire('e:k')
    expect(await cost(() => setIfExists(cache, 'k', 1))).toBe('1/3')
    expect(await cost(() => setIfNotExists(cache, 'k', 1))).toBe('1/6')
  })

  test('conditional writes over what counts as no value', async () => {
    await cache.set('e', 1)
    await world.expire('e:e')
    expect(await cost(() => compareAndSwap(cache, 'e', 1, 2))).toBe('1/3')
    await cache.set('r', 1)
    await cache.remove('r')
    expect(await cost(() => setIfExists(cache, 'r', 1))).toBe('1/2')
    expect(await cost(() => compareAndSwap(cache, 'r', 1, 2))).toBe('1/2')
    expect(await cost(() => setIfNotExists(cache, 'r', 1))).toBe('1/5')
    await world.redis('SET', 'e:f', 'from elsewhere')
    expect(await cost(() => setIfExists(cache, 'f', 1))).toBe('1/2')
    expect(await cost(() => setIfNotExists(cache, 'f', 1))).toBe('1/5')
  })

  test('conditional writes over tagged entries: a request more where the new value has other tags', async () => {
    await cache.removeByTag('t') // learns the script
    const clock = new ManualClock()
    const other = world.isolate({ clock }) // it does not know the tag, and its poll is due
    await other.get('warm')
    await clock.advance('6s')
    for (const each of [cache, other]) {
      await cache.set('k', 1, { tags: ['t'] })
      expect(await cost(() => compareAndSwap(each, 'k', 2, 3))).toBe('1/3')
      expect(await cost(() => compareAndSwap(each, 'k', 1, 2, { tags: ['t'] }))).toBe('1/6')
      expect(await cost(() => setIfExists(each, 'k', 3, { tags: ['t'] }))).toBe('1/6')
      expect(await cost(() => setIfExists(each, 'k', 4, { tags: ['u'] }))).toBe('2/9')
      expect(await cost(() => compareAndSwap(each, 'k', 4, 5, { tags: ['t'] }))).toBe('2/9')
      expect(await cost(() => setIfNotExists(each, 'k', 6, { tags: ['t'] }))).toBe('1/3')
      expect(await cost(() => setIfNotExists(each, 'k', 6))).toBe('2/6')
      await cache.removeByTag('t')
      expect(await cost(() => setIfExists(each, 'k', 6, { tags: ['t'] }))).toBe('1/3')
      expect(await cost(() => compareAndSwap(each, 'k', 5, 6))).toBe('2/6')
      expect(await cost(() => setIfNotExists(each, 'k', 7))).toBe('2/9')
      await cache.set('k', 1, { tags: ['t'] })
      await cache.removeByTag('t')
      expect(await cost(() => setIfNotExists(each, 'k', 7, { tags: ['t'] }))).toBe('1/6')
    }
  })

  test('as the first thing that an isolate does they ask for the time', async () => {
    expect(await cost(() => setIfNotExists(world.isolate(), 'k', 1))).toBe('2/6')
  })

  test('getAndExtend', async () => {
    expect(await cost(() => getAndExtend(cache, 'k', '1m'))).toBe('1/2')
    await cache.setMany(
      ['k', 'a', 'b'].map((key) => [key, 1]),
      { sliding: '10s' },
    )
    expect(await cost(() => getAndExtend(cache, 'k', '1m'))).toBe('1/4')
    expect(await cost(() => getAndExtend(cache, 'k', '1m', { related: ['a', 'b', 'none'] }))).toBe('1/6')
    expect(await cost(() => cache.get('k'))).toBe('0/0')
  })

  test('counters', async () => {
    const n = counter(cache, 'n', { ttl: '1m' })
    expect(await cost(() => n.increment())).toBe('1/3')
    expect(await cost(() => n.increment())).toBe('1/2')
    expect(await cost(() => n.get())).toBe('1/1')
    expect(await cost(() => n.reset())).toBe('1/1')
    const many = Array.from({ length: 100 }, () => n)
    expect(await cost(() => Promise.all(many.map((each) => each.increment())))).toBe('1/201')
    const large = counter(cache, 'large', { ttl: '1m', bigint: true })
    expect(await cost(() => large.increment(2n ** 53n))).toBe('1/4')
    expect(await cost(() => large.increment())).toBe('1/3')
  })

  test('lists', async () => {
    const l = list(cache, 'l', { maxSize: 2, ttl: '1m' })
    expect(await cost(() => l.append(1))).toBe('1/3')
    expect(await cost(() => l.append(1))).toBe('1/2')
    expect(await cost(() => l.append(1))).toBe('1/3')
    expect(await cost(() => l.read())).toBe('1/1')
    expect(await cost(() => l.clear())).toBe('1/1')
  })

  test('removeByPattern: a command for each step, one to look at each key that matches, and remove', async () => {
    await cache.remove('x')
    expect(await cost(() => removeByPattern(cache, 'y*'))).toBe('1/1')
    await cache.setMany(Array.from({ length: 50 }, (_, i) => [`x${i}`, i]))
    expect(await cost(() => removeByPattern(cache, 'x?', { dryRun: true }))).toBe('1/1')
    cache.removeLocal(Array.from({ length: 50 }, (_, i) => `x${i}`))
    expect(await cost(() => removeByPattern(cache, 'x*', { dryRun: true }))).toBe('2/52')
    expect(await cost(() => removeByPattern(cache, 'x*'))).toBe('3/105')
  })

  test('explain and health: what is asked, and the versions of tags that are not known', async () => {
    expect(await cost(() => health(cache))).toBe('1/1')
    expect(await cost(() => explain(cache, 'k'))).toBe('1/3')
    await cache.set('k', 1, { tags: ['t'] })
    expect(await cost(() => explain(cache, 'k'))).toBe('1/3')
    const other = world.isolate()
    await other.get('something else')
    await cache.removeByTag('t')
    await cache.set('k', 1, { tags: ['t'] })
    expect(await cost(() => explain(other, 'k', { stampede: 'global' }))).toBe('1/4')
    const fresh = world.isolate() // it would ask for the versions first
    expect(await cost(() => explain(fresh, 'k'))).toBe('2/4')
    expect(await explain(fresh, 'k')).toMatchObject({ get: 'l2', l2: { state: 'fresh', tags: ['t'] } })
  })
})
