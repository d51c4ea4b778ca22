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

  'push: news arrive at once where a connection can be held, and are told everywhere': async (t) => {
    const { push } = t.subject
    const rarely = { localTtl: '1h', coherence: { interval: '1h', push: push() } } as const
    const [one, other] = [await t.warmIsolate(rarely), await t.warmIsolate(rarely)]
    const endsWithRequest = 'WebSocketPair' in globalThis || 'EdgeRuntime' in globalThis
    const state = (): boolean | undefined => other.stats().push?.connected
    if (!endsWithRequest) await until(() => state() === true)
    await other.get('look', { l1: false })
    await one.set('a', 1)
    equal(await other.get('a'), 1)
    await one.set('ü,b', 2, { tags: ['t'] })
    equal(await other.get('ü,b'), 2)
    await one.remove('a')
    await one.removeByTag('t')
    if (endsWithRequest) {
      equal(other.stats().push, { connected: false, connections: 0, messages: 0 })
      equal([other.getLocal('a'), other.getLocal('ü,b')], [1, 2])
    } else {
      await until(() => other.stats().push?.messages === 4)
      equal([other.getLocal('a'), other.getLocal('ü,b')], [undefined, undefined])
    }
    await one.close()
    await other.close()
    equal(state(), false)
    equal([await other.get('a', { l1: false }), one.getLocal('a')], [undefined, undefined])
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
