import { equal, failure, ok } from './assert.ts'
import type { Checks } from './toolbox.ts'

export const aborting: Checks = {
  'an aborted signal ends the call with its reason, before anything is sent': async (t) => {
    const cache = await t.warmIsolate()
    const reason = new Error('left')
    const signal = AbortSignal.abort(reason)
    const cost = await t.costOf(async () => {
      ok((await failure(() => cache.get('a', { signal }))) === reason, 'get')
      ok((await failure(() => cache.getOrCreate('a', () => 1, { signal }))) === reason, 'getOrCreate')
      ok((await failure(() => cache.set('a', 1, { signal }))) === reason, 'set')
    })
    equal(cost, { requests: 0, commands: 0 })
  },

  'a caller that leaves does not disturb the others of its request': async (t) => {
    await t.isolate().set('a', 1)
    const cache = await t.warmIsolate()
    const controller = new AbortController()
    const left = failure(() => cache.get('b', { signal: controller.signal }))
    const stayed = cache.get('a')
    await Promise.resolve()
    const reason = new Error('left')
    controller.abort(reason)
    ok((await left) === reason, 'another error came out')
    equal(await stayed, 1)
  },

  'a caller that leaves does not wait for a silent server': async (t) => {
    const { helper, token } = t.subject.input
    const cache = t.isolate({ redis: { url: `${helper}/silent`, token }, l2: { timeout: '1h' } })
    const controller = new AbortController()
    const call = failure(() => cache.get('a', { signal: controller.signal }))
    setTimeout(() => controller.abort(), 20)
    equal((await call).name, 'AbortError')
  },

  'the factory learns that its caller has left': async (t) => {
    const controller = new AbortController()
    const cache = t.isolate()
    let heard = false
    const call = failure(() =>
      cache.getOrCreate(
        'a',
        ({ key, signal }) =>
          new Promise<string>(() => {
            equal(key, 'a')
            signal.addEventListener('abort', () => {
              heard = true
            })
            setTimeout(() => controller.abort(), 10)
          }),
        { signal: controller.signal },
      ),
    )
    equal((await call).name, 'AbortError')
    equal(heard, true)
  },
}
