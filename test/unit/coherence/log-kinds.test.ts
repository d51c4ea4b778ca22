import { describe, expect, test } from 'vitest'
import type { HybridCache } from '../../../src/index.ts'
import { parseLog, toChange } from '../../../src/coherence/log.ts'
import { record, World } from '../../support/world.ts'

describe('an event says what others have invalidated', () => {
  test.each<[string, (cache: HybridCache) => Promise<unknown>, 'key' | 'tag' | 'all']>([
    ['set', (cache) => cache.set('k', 1), 'key'],
    ['remove', (cache) => cache.remove('k'), 'key'],
    ['expire', (cache) => cache.expire('k'), 'key'],
    ['removeByTag', (cache) => cache.removeByTag('t'), 'tag'],
    ['expireByTag', (cache) => cache.expireByTag('t'), 'tag'],
    ['clear', (cache) => cache.clear(), 'all'],
    ['clear of a namespace', (cache) => cache.namespace('n').clear(), 'all'],
  ])('%s', async (_, invalidate, kind) => {
    const world = new World()
    const [one, other] = [await world.warm(), await world.warm()]
    const events = record(one, 'invalidate')
    await invalidate(other)
    await world.clock.advance(5000)
    await one.get('another')
    expect(events).toEqual([{ kind }])
  })
})

test('what a member of the log does not say in a known way is of everything', () => {
  const all = { kind: '*', namespace: undefined, name: '', version: 5 }
  for (const text of ['', 'k', 'k|', 'k|n', 'z|n|name', 'kk|n|name']) expect(toChange(text, 5)).toEqual(all)
  expect(toChange('k||a|b\nc', 5)).toEqual({ kind: 'k', namespace: undefined, name: 'a|b\nc', version: 5 })
  expect(toChange('t|n|', 5)).toEqual({ kind: 't', namespace: 'n', name: '', version: 5 })
})

test('a log is members and whole numbers in turn', () => {
  expect(parseLog(['k||a', '5', 't||b', 6])).toMatchObject([{ version: 5 }, { version: 6, kind: 't' }])
  for (const reply of [null, 5, 'OK', ['k||a'], ['k||a', '5', 'k||b'], ['k||a', 'x'], ['k||a', '1.5']])
    expect(parseLog(reply)).toBeUndefined()
})
