import { describe, expect, test } from 'vitest'
import { type Later, Marks } from '../../../src/coherence/marks.ts'
import { Deciding } from '../../../src/write/deciding.ts'
import { HybridCache } from '../../../src/cache.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { World } from '../../support/world.ts'

const clock = new ManualClock()
const fence = 60_000

test('a write overtakes the operations in flight on its key, and no others', () => {
  const marks = new Marks(clock, fence)
  const [first, second, other] = [marks.begin('k'), marks.begin('k'), marks.begin('other')]
  marks.overtake('k')
  const later = marks.begin('k')
  expect([first, second, other, later].map(({ overtaken }) => overtaken)).toEqual([true, true, false, false])
})

test('what goes on from an operation that was overtaken is overtaken itself', () => {
  const marks = new Marks(clock, fence)
  const first = marks.begin('k')
  marks.overtake('k')
  expect(marks.begin('k', { since: first }).overtaken).toBe(true)
})

test('what a caller stores explicitly is told who came later, where that decides what is stored', () => {
  const marks = new Marks(clock, fence)
  const [load, set] = [marks.begin('k'), marks.begin('k')]
  const later: Later = {}
  set.explicit = later
  marks.supersede('k')
  expect([load.superseded, set.superseded, later]).toEqual([true, false, {}])
  const [one, other] = [new Deciding(), new Deciding()]
  marks.supersede('k', one)
  marks.supersede('k', other)
  expect([set.superseded, later.next?.by, later.next?.next?.by]).toEqual([false, one, other])
})

test('of the writes that came later a set hears until one has succeeded', () => {
  const marks = new Marks(clock, fence)
  const later: Later = {}
  marks.begin('k').explicit = later
  const [failed, done, last] = [new Deciding(), new Deciding(), new Deciding()]
  marks.supersede('k', failed)
  failed.end(false)
  marks.supersede('k', done)
  done.end(true)
  marks.supersede('k', last)
  expect(later.next?.next).toEqual({ by: done })
})

test('a set that never ends holds on to one later write, however many there are', () => {
  const marks = new Marks(clock, fence)
  const dead = marks.begin('k')
  dead.explicit = {}
  for (let i = 0; i < 10; i++) {
    const deciding = new Deciding()
    marks.supersede('k', deciding)
    if (i > 3) deciding.end(i % 2 === 0)
    expect(dead.explicit).toEqual({ by: deciding })
  }
})

test('a write that keys have in common is told of later ones key by key', () => {
  const marks = new Marks(clock, fence)
  const [a, b]: Later[] = [{}, {}]
  marks.begin('a').explicit = a as Later
  marks.begin('b').explicit = b as Later
  const [removal, later] = [new Deciding(), new Deciding()]
  for (const key of ['a', 'b']) marks.supersede(key, removal)
  marks.supersede('b', later)
  expect([a?.next, b?.next?.next]).toEqual([{ by: removal }, { by: later }])
})

test('nothing is left when all have ended', () => {
  const marks = new Marks(clock, fence)
  const all = ['a', 'b', 'a'].map((key) => [key, marks.begin(key)] as const)
  for (const [key, mark] of all) marks.end(key, mark)
  expect(marks.size).toBe(0)
})

test('operations that never end are forgotten, the oldest first, and count as overtaken', () => {
  const marks = new Marks(clock, fence)
  const lost = marks.begin('lost')
  for (let i = 0; i < 20_000; i++) marks.begin(`k${i}`)
  expect(marks.size).toBe(10_000)
  expect(lost.overtaken).toBe(true)
  marks.end('lost', lost)
})

test('of many on one key too the oldest are forgotten: what they bring is stored nowhere', () => {
  const marks = new Marks(clock, fence)
  const [load, set] = [marks.begin('k'), marks.begin('k')]
  set.explicit = {}
  const third = marks.begin('k')
  for (let i = 0; i < 999; i++) marks.begin('k')
  const states = [load, set, third].map(({ overtaken, superseded }) => [overtaken, superseded])
  expect(states).toEqual([
    [true, true],
    [true, true],
    [false, false],
  ])
  marks.end('k', load)
  marks.overtake('k')
  expect([third.overtaken, marks.size]).toEqual([true, 1])
})

test('reads are forgotten before what others wait for, the oldest of them first', () => {
  const marks = new Marks(clock, fence)
  const load = marks.begin('k')
  const reads = Array.from({ length: 1001 }, () => marks.begin('k', { reads: true }))
  expect(load.overtaken).toBe(false)
  expect(reads.map(({ overtaken }) => overtaken).indexOf(false)).toBe(2)
})

test('a read takes the place of no load and no write', () => {
  const marks = new Marks(clock, fence)
  const [first, ...others] = Array.from({ length: 1000 }, () => marks.begin('k'))
  const read = marks.begin('k', { reads: true })
  expect([first?.overtaken, read.overtaken]).toEqual([false, true])
  for (const mark of [read, first, ...others]) if (mark !== undefined) marks.end('k', mark)
  expect(marks.size).toBe(0)
})

test('what began more than a fence ago gives way to whatever comes, before any read does', async () => {
  const marks = new Marks(clock, fence)
  const [load, write] = Array.from({ length: 999 }, () => marks.begin('k'))
  await clock.advance(fence)
  const early = marks.begin('k', { reads: true })
  const second = marks.begin('k', { reads: true })
  await clock.advance(1)
  const reads = [early, second, marks.begin('k', { reads: true })]
  expect(reads.map(({ overtaken }) => overtaken)).toEqual([true, false, false])
  expect([load, write].map((mark) => [mark?.overtaken, mark?.superseded])).toEqual([
    [true, true],
    [false, false],
  ])
  marks.begin('k')
  expect([write?.overtaken, second.overtaken]).toEqual([true, false])
})

test('L1 takes what is read of a key again once loads that were cancelled are older than a fence', async () => {
  const world = new World()
  const cache = await world.warm({ localTtl: '1h' })
  await world.isolate().set('k', 'v', { ttl: '1h' })
  const { marks } = HybridCache.partsOf(cache).core
  for (let i = 0; i < 1000; i++) marks.begin('k')
  await cache.get('k')
  expect(cache.getLocal('k')).toBeUndefined()
  await world.clock.advance(fence + 1)
  await cache.get('k')
  expect(cache.getLocal('k')).toBe('v')
})

test('without Redis a load takes as long as it takes, and reads do not stand in its way', async () => {
  const world = new World()
  const cache = world.memoryOnly()
  const { marks } = HybridCache.partsOf(cache).core
  const loads = Array.from({ length: 1000 }, () => marks.begin('k'))
  await world.clock.advance('1h')
  await cache.get('k')
  expect(loads.some(({ overtaken }) => overtaken)).toBe(false)
})

describe('what was learned meanwhile', () => {
  test('V2: concerns the operations on its key that did not ask for the news, and no version ever goes back', () => {
    const marks = new Marks(clock, fence)
    const [late, asker, other] = [marks.begin('k'), marks.begin('k'), marks.begin('other')]
    const asking = {}
    asker.asking = asking
    marks.raise('k', 7, { except: asking })
    expect([late, asker, other].map(({ version }) => version)).toEqual([7, 0, 0])
    marks.raise('k', 5, {})
    expect([late, asker, other].map(({ version }) => version)).toEqual([7, 5, 0])
    expect(marks.begin('k').version).toBe(0)
  })

  test('of everything concerns all but those who asked', () => {
    const marks = new Marks(clock, fence)
    const [late, asker, other] = [marks.begin('k'), marks.begin('k'), marks.begin('other')]
    asker.asking = {}
    other.asking = {}
    marks.raiseAll(9, asker.asking)
    expect([late, asker, other].map(({ version }) => version)).toEqual([9, 0, 9])
    marks.raiseAll(10, undefined)
    expect([late, asker, other].map(({ version }) => version)).toEqual([10, 10, 10])
  })

  test('V3: those who asked for what is out of date are told, and nobody else', () => {
    const marks = new Marks(clock, fence)
    const [late, asker, other] = [marks.begin('k'), marks.begin('k'), marks.begin('other')]
    const asking = {}
    asker.asking = asking
    other.asking = asking
    marks.raiseOf(asking, 4)
    expect([late, asker, other].map(({ version }) => version)).toEqual([0, 4, 4])
    marks.raiseOf(undefined, 8)
    expect([late, asker, other].map(({ version }) => version)).toEqual([0, 4, 4])
  })

  test('goes over to what goes on from an operation', () => {
    const marks = new Marks(clock, fence)
    const first = marks.begin('k')
    marks.raise('k', 7, {})
    marks.supersede('k')
    expect(marks.begin('k', { since: first })).toMatchObject({ version: 7, superseded: true })
  })
})

test('what only expired leaves stale copies of use, what was removed does not, and of the rest nobody knows', () => {
  const marks = new Marks(clock, fence)
  const [one, other] = [marks.begin('k'), marks.begin('other')]
  marks.raise('k', 5, { keepsStale: true })
  marks.raiseAll(3, undefined)
  marks.raise('k', 4, {})
  expect([one, other].map(({ version, removed, doubted }) => [version, removed, doubted])).toEqual([
    [5, 4, 3],
    [3, 0, 3],
  ])
})
