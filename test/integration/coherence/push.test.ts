import { afterEach, expect, test } from 'vitest'
import { compareAndSwap, setIfExists, setIfNotExists } from '../../../src/atomic/index.ts'
import type { CacheOptions, HybridCache } from '../../../src/index.ts'
import { push } from '../../../src/push/index.ts'
import { onEveryEngine } from '../../support/servers.ts'
import { record } from '../../support/world.ts'
import { Fleet } from './support.ts'
import { soon } from '../../support/soon.ts'

/** Never due in a test: whatever arrives has come by push. */
const rarely = '1h'

onEveryEngine('push', (server) => {
  const fleet = new Fleet(server)
  const open: HybridCache[] = []
  afterEach(async () => {
    for (const cache of open.splice(0)) await cache.close()
  })

  /** An isolate that has made its first requests, and listens. */
  async function listening(options: CacheOptions = {}): Promise<HybridCache<true>> {
    const cache = await fleet.warm({ coherence: { interval: rarely, push: push() }, ...options })
    open.push(cache)
    await soon(() => expect(cache.stats().push?.connected).toBe(true))
    await cache.get('look', { l1: false }) // the look that is due after a connection
    return cache
  }

  async function two(): Promise<[HybridCache<true>, HybridCache<true>]> {
    return [await listening(), await listening()]
  }

  async function heard(cache: HybridCache, count: number): Promise<void> {
    await soon(() => expect(cache.stats().push?.messages).toBeGreaterThanOrEqual(count))
  }

  const nothing = (): never => {
    throw new Error('nothing is to be loaded')
  }

  test.each<readonly [string, (one: HybridCache<true>) => Promise<unknown>, unknown]>([
    ['remove', (one) => one.remove('k'), undefined],
    ['removeByTag', (one) => one.removeByTag('t'), undefined],
    ['expire', (one) => one.expire('k'), undefined],
    ['expireByTag', (one) => one.expireByTag('t'), undefined],
    ['clear', (one) => one.clear(), undefined],
    ['set', (one) => one.set('k', 'new', { tags: ['t'] }), 'new'],
    ['setIfExists', (one) => setIfExists(one, 'k', 'new'), 'new'],
    ['compareAndSwap', (one) => compareAndSwap(one, 'k', 'old', 'new'), 'new'],
  ])('%s in one isolate ends the copy in another at once', async (_, write, after) => {
    const [one, other] = await two()
    await one.set('k', 'old', { tags: ['t'] })
    await heard(other, 1)
    expect(await other.get('k')).toBe('old')
    expect(other.getLocal('k')).toBe('old')
    const events = record(other, 'invalidate')
    await write(one)
    await heard(other, 2)
    expect(other.getLocal('k')).toBeUndefined()
    expect(await other.get('k')).toBe(after)
    expect(await other.getOrCreate('k', () => 'new')).toBe('new')
    expect(events).toHaveLength(1)
    await fleet.clock.advance(2 * 3_600_000)
    await other.get('look', { l1: false })
    expect(events, 'the log tells it again, and nobody hears it twice').toHaveLength(1)
  })

  test('what is stored where there was nothing is told, too', async () => {
    const [one, other] = await two()
    const events = record(other, 'invalidate')
    expect(await setIfNotExists(one, 'k', 1)).toBe(true)
    await heard(other, 1)
    expect(events).toEqual([{ kind: 'key' }])
  })

  test('names of every kind arrive, in namespaces too', async () => {
    const [one, other] = await two()
    for (const name of ['a,b', 'a\r\nb', 'ü, 日本', '?', '%41', ' ', '*|x', '\\']) {
      const [inOne, inOther] = [one.namespace('n'), other.namespace('n')]
      await inOne.set(name, 1, { tags: [name] })
      await one.set(name, 2, { tags: [name] })
      await soon(() => expect(other.stats().push?.messages).toBe(one.stats().push?.messages))
      expect([await inOther.get(name), await other.get(name)]).toEqual([1, 2])
      const before = other.stats().push?.messages ?? 0
      await inOne.remove(name)
      await heard(other, before + 1)
      expect([inOther.getLocal(name), other.getLocal(name)]).toEqual([undefined, 2])
      await one.removeByTag(name)
      await heard(other, before + 2)
      expect(other.getLocal(name)).toBeUndefined()
    }
  })

  test('clear of a namespace leaves the others alone', async () => {
    const [one, other] = await two()
    await one.namespace('n').set('k', 1)
    await one.set('k', 2)
    await heard(other, 2)
    expect([await other.namespace('n').get('k'), await other.get('k')]).toEqual([1, 2])
    await one.namespace('n').clear()
    await heard(other, 3)
    expect([other.namespace('n').getLocal('k'), other.getLocal('k')]).toEqual([undefined, 2])
  })

  test('a writer that only tells is heard', async () => {
    const other = await listening()
    const one = await fleet.warm({ coherence: { push: push({ listen: false }) } })
    await one.set('k', 1)
    await heard(other, 1)
    expect(await other.get('k')).toBe(1)
    await one.remove('k')
    await heard(other, 2)
    expect(other.getLocal('k')).toBeUndefined()
    expect(one.stats().push).toEqual({ connected: false, connections: 0, messages: 0 })
  })

  test('a load in flight does not keep what was removed meanwhile', async () => {
    const [one, other] = await two()
    const messages = other.stats().push?.messages ?? 0
    const value = await other.getOrCreate('k', async () => {
      await one.remove('k')
      await heard(other, messages + 1)
      return 'old'
    })
    expect(value).toBe('old')
    expect(other.getLocal('k')).toBeUndefined()
    expect(await other.getOrCreate('k', () => 'new')).toBe('new')
  })

  test('removing so many names that no message holds them is heard as well', async () => {
    const [one, other] = await two()
    const keys = Array.from({ length: 500 }, (_, i) => `${i}`.padEnd(1000, 'x'))
    await one.set(keys[7] as string, 1)
    await heard(other, 1)
    expect(await other.get(keys[7] as string)).toBe(1)
    await one.remove(keys)
    await heard(other, 2)
    expect(other.getLocal(keys[7] as string)).toBeUndefined()
    expect(await other.get(keys[7] as string)).toBeUndefined()
  })

  test('this isolate is told nothing of its own writes', async () => {
    const one = await listening()
    const events = record(one, 'invalidate', 'error')
    await one.set('k', 1, { tags: ['t'] })
    await one.removeByTag('other')
    await heard(one, 2)
    expect(one.getLocal('k')).toBe(1)
    expect(await one.getOrCreate('k', nothing)).toBe(1)
    expect(events).toEqual([])
  })

  test('costs: a command a write; news of keys nothing, of tags one with the next read', async () => {
    const [one, other] = await two()
    await one.set('k', 1, { tags: ['t'] })
    await one.remove('gone')
    await one.expire('gone')
    await one.removeByTag('gone')
    await setIfNotExists(one, 'new', 1)
    await setIfExists(one, 'new', 2)
    await compareAndSwap(one, 'new', 2, 3)
    expect(await other.get('k')).toBe(1)
    expect(await fleet.cost(() => one.set('k', 2, { tags: ['t'] }))).toBe('1/5')
    expect(await fleet.cost(() => one.remove('gone'))).toBe('1/5')
    expect(await fleet.cost(() => one.remove(['a', 'b', 'c']))).toBe('1/7')
    expect(await fleet.cost(() => one.expire('nowhere'))).toBe('1/6')
    expect(await fleet.cost(() => one.removeByTag(['a', 'b']))).toBe('1/6')
    expect(await fleet.cost(() => one.clear())).toBe('1/5')
    expect(await fleet.cost(() => setIfNotExists(one, 'free', 1))).toBe('1/6')
    expect(await fleet.cost(() => setIfExists(one, 'free', 2))).toBe('1/7')
    expect(await fleet.cost(() => compareAndSwap(one, 'free', 2, 3))).toBe('1/7')
    expect(await fleet.cost(() => setIfNotExists(one, 'free', 4)), 'nothing is told').toBe('1/3')

    await soon(() => expect(other.stats().push?.messages).toBe(one.stats().push?.messages))
    await other.get('look', { l1: false })
    let messages = other.stats().push?.messages ?? 0
    const told = async (write: () => Promise<unknown>): Promise<void> => {
      await write()
      messages += 1
      await heard(other, messages)
    }
    await told(() => one.set('k', 2))
    await told(() => one.remove('another'))
    expect(await fleet.cost(() => other.get('k'))).toBe('1/1')
    expect(await fleet.cost(() => other.get('k'))).toBe('0/0')
    await told(() => one.removeByTag('t'))
    await told(() => one.removeByTag('t2'))
    expect(await fleet.cost(() => other.get('k')), 'no entry has the tag').toBe('0/0')
    expect(await fleet.cost(() => other.get('elsewhere'))).toBe('1/2')
    expect(await fleet.cost(() => other.get('elsewhere'))).toBe('1/1')
  })

  test('costs: a connection is one request and one command, and one with the next read', async () => {
    const cache = await fleet.warm({ coherence: { interval: rarely } })
    const cost = await fleet.cost(() => cache.get('x', { l1: false }))
    expect(cost).toBe('1/1')
    server().resetStats()
    const other = await listening()
    const { requests, byCommand } = server().stats()
    expect(byCommand['SUBSCRIBE']).toBe(1)
    expect(byCommand['ZRANGE']).toBe(1)
    expect(requests).toBe(3) // the one of `warm`, the connection, the look
    expect(await fleet.cost(() => other.get('x', { l1: false }))).toBe('1/1')
  })

  test('without push nothing is published', async () => {
    server().resetStats()
    const one = await fleet.warm()
    await one.set('k', 1)
    await one.remove(['k', 'l'])
    await one.removeByTag('t')
    expect(server().stats().byCommand['PUBLISH']).toBeUndefined()
    expect(one.stats().push).toBeUndefined()
  })
})
