import type { HybridCache, Isolation } from '../../../src/index.ts'
import { equal, failure, ok } from './assert.ts'
import type { Checks, Toolbox } from './toolbox.ts'

interface Box {
  list: number[]
}

async function filled(t: Toolbox, isolation: Isolation): Promise<{ cache: HybridCache; own: Box }> {
  const cache = t.isolate({ memory: { isolation } })
  const own: Box = { list: [1] }
  await cache.set('box', own)
  return { cache, own }
}

export const isolation: Checks = {
  'clone: no caller can change what another gets': async (t) => {
    const { cache, own } = await filled(t, 'clone')
    own.list.push(2)
    ;(await cache.get<Box>('box'))?.list.push(3)
    cache.getLocal<Box>('box')?.list.push(4)
    equal(await cache.get('box'), { list: [1] })
  },

  'freeze: plain values are frozen and shared, others are cloned': async (t) => {
    const { cache, own } = await filled(t, 'freeze')
    own.list.push(2)
    const box = cache.getLocal<Box>('box')
    equal((await failure(() => box?.list.push(3))).name, 'TypeError')
    ok(box === cache.getLocal('box'), 'two objects')
    await cache.set('map', new Map([['a', 1]]))
    cache.getLocal<Map<string, number>>('map')?.set('a', 2)
    equal(await cache.get('map'), new Map([['a', 1]]))
  },

  'share: every caller gets the same object': async (t) => {
    const { cache, own } = await filled(t, 'share')
    ok((await cache.get('box')) === own, 'another object')
    ok(cache.getLocal('box') === own, 'another object')
  },

  'L1 stays within its budgets': async (t) => {
    const few = t.isolate({ memory: { maxEntries: 2 } })
    await few.setMany(['a', 'b', 'c'].map((key) => [key, 1]))
    equal(few.stats().l1.entries, 2)
    const small = t.isolate({ memory: { maxBytes: 2000 } })
    await small.setMany(['a', 'b', 'c'].map((key) => [key, key.repeat(700)]))
    const { entries, bytes, evictions } = small.stats().l1
    equal([entries, evictions, bytes <= 2000], [2, 1, true])
  },
}
