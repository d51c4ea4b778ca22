import { FaultSwitch, ManualClock, MemoryTransport } from '../../../src/testing/index.ts'
import { equal } from './assert.ts'
import type { Checks } from './toolbox.ts'

export const testing: Checks = {
  'hybrid-cache/testing runs here': async (t) => {
    const clock = new ManualClock()
    const memory = new MemoryTransport({ clock })
    const redis = new FaultSwitch(memory, { clock, seed: 1 })
    const isolate = () => t.isolate({ redis, clock, localTtl: '1ms', l2: { retries: 0 } })
    await isolate().set('k', 'v', { ttl: '1h' })
    const cache = isolate()
    equal(await cache.get('k'), 'v')
    const stop = redis.inject({ fault: 'refuse' })
    await clock.advance('1s')
    equal(await cache.get('k'), undefined)
    stop()
    equal(await cache.get('k'), 'v')
    await clock.advance('1h')
    equal(await cache.get('k'), undefined)
  },
}
