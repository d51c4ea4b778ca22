import { equal } from './assert.ts'
import { type Checks, until } from './toolbox.ts'

/** Isolates look at the log as often as they can, so that a check need not wait. */
const keen = { coherence: { interval: 1 } } as const

export const coherence: Checks = {
  'tags: what was stored with one goes everywhere': async (t) => {
    const [one, other] = [await t.warmIsolate(keen), await t.warmIsolate(keen)]
    await one.set('a', 1, { tags: ['t', 'u'] })
    await one.getOrCreate('b', (context) => {
      context.tags = ['t']
      return 2
    })
    await one.set('c', 3)
    equal((await other.getMany(['a', 'b', 'c'])).size, 3)
    await one.removeByTag('t')
    equal((await one.getMany(['a', 'b', 'c'])).size, 1)
    equal((await t.isolate().getMany(['a', 'b', 'c'])).size, 1)
    await until(async () => (await other.get('anything')) === undefined && other.getLocal('a') === undefined)
    equal((await other.getMany(['a', 'b', 'c'])).size, 1)
  },

  'clear takes everything, or a namespace': async (t) => {
    const [one, other] = [await t.warmIsolate(keen), await t.warmIsolate(keen)]
    await one.set('a', 1)
    await one.namespace('n').set('a', 2)
    equal([await other.get('a'), await other.namespace('n').get('a')], [1, 2])
    await one.namespace('n').clear()
    await until(async () => (await other.namespace('n').get('a', { l1: false })) === undefined)
    equal([other.getLocal('a'), other.namespace('n').getLocal('a')], [1, undefined])
    await one.clear()
    await until(async () => (await other.get('a', { l1: false })) === undefined)
    equal([one.getLocal('a'), other.getLocal('a')], [undefined, undefined])
    equal(await t.isolate().get('a'), undefined)
  },

  'what was expired is of use where nothing better is to be had': async (t) => {
    const [one, other] = [await t.warmIsolate(keen), await t.warmIsolate(keen)]
    const down = (): number => {
      throw new Error('the origin is down')
    }
    await one.set('a', 1, { staleIfError: '1h' })
    await one.set('b', 2, { staleIfError: '1h', tags: ['t'] })
    equal((await other.getMany(['a', 'b'])).size, 2)
    await one.expire('a')
    await one.expireByTag('t')
    await until(async () => (await other.get('anything')) === undefined && other.getLocal('a') === undefined)
    for (const cache of [one, other, t.isolate()]) {
      equal((await cache.getMany(['a', 'b'])).size, 0)
      equal(await cache.getOrCreate('a', down, { staleIfError: '1h' }), 1)
      equal(await cache.getOrCreate('b', down, { staleIfError: '1h' }), 2)
    }
  },

  'a load in flight does not bring back what another isolate removed': async (t) => {
    const [one, other] = [await t.warmIsolate(keen), await t.warmIsolate(keen)]
    let end: (value: string) => void = () => undefined
    const made = new Promise<string>((resolve) => (end = resolve))
    let began = false
    const load = other.getOrCreate('a', () => {
      began = true
      return made
    })
    await until(() => began)
    await one.remove('a')
    end('old')
    equal(await load, 'old')
    equal(await t.isolate().get('a'), undefined)
    equal(await other.get('a'), undefined)
    equal(await other.getOrCreate('a', () => 'new'), 'new')
    equal(await t.isolate().get('a'), 'new')
  },
}
