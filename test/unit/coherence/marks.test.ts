import { describe, expect, test } from 'vitest'
import { Marks } from '../../../src/coherence/marks.ts'
import { Deciding } from '../../../src/load/deciding.ts'

test('a write overtakes the operations in flight on its key, and no others', () => {
  const marks = new Marks()
  const [first, second, other] = [marks.begin('k'), marks.begin('k'), marks.begin('other')]
  marks.overtake('k')
  const later = marks.begin('k')
  expect([first, second, other, later].map(({ overtaken }) => overtaken)).toEqual([true, true, false, false])
})

test('what goes on from an operation that was overtaken is overtaken itself', () => {
  const marks = new Marks()
  const first = marks.begin('k')
  marks.overtake('k')
  expect(marks.begin('k', first).overtaken).toBe(true)
})

test('what a caller stores explicitly is told who came later, where that decides what is stored', () => {
  const marks = new Marks()
  const [load, set] = [marks.begin('k'), marks.begin('k')]
  set.explicit = true
  marks.supersede('k')
  expect([load.superseded, set.superseded, set.later]).toEqual([true, false, undefined])
  const [one, other] = [new Deciding(), new Deciding()]
  marks.supersede('k', one)
  marks.supersede('k', other)
  expect([set.superseded, set.later]).toEqual([false, [one, other]])
})

test('nothing is left when all have ended', () => {
  const marks = new Marks()
  const all = ['a', 'b', 'a'].map((key) => [key, marks.begin(key)] as const)
  for (const [key, mark] of all) marks.end(key, mark)
  expect(marks.size).toBe(0)
})

test('operations that never end are forgotten, the oldest first, and count as overtaken', () => {
  const marks = new Marks()
  const lost = marks.begin('lost')
  for (let i = 0; i < 20_000; i++) marks.begin(`k${i}`)
  expect(marks.size).toBe(10_000)
  expect(lost.overtaken).toBe(true)
  marks.end('lost', lost)
})

describe('what was learned meanwhile', () => {
  test('V2: concerns the operations on its key that did not ask for the news, and no version ever goes back', () => {
    const marks = new Marks()
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
    const marks = new Marks()
    const [late, asker, other] = [marks.begin('k'), marks.begin('k'), marks.begin('other')]
    asker.asking = {}
    other.asking = {}
    marks.raiseAll(9, asker.asking)
    expect([late, asker, other].map(({ version }) => version)).toEqual([9, 0, 9])
    marks.raiseAll(10, undefined)
    expect([late, asker, other].map(({ version }) => version)).toEqual([10, 10, 10])
  })

  test('V3: those who asked for what is out of date are told, and nobody else', () => {
    const marks = new Marks()
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
    const marks = new Marks()
    const first = marks.begin('k')
    marks.raise('k', 7, {})
    marks.supersede('k')
    expect(marks.begin('k', first)).toMatchObject({ version: 7, superseded: true })
  })
})

test('what only expired leaves stale copies of use, what was removed does not, and of the rest nobody knows', () => {
  const marks = new Marks()
  const [one, other] = [marks.begin('k'), marks.begin('other')]
  marks.raise('k', 5, { keepsStale: true })
  marks.raiseAll(3, undefined)
  marks.raise('k', 4, {})
  expect([one, other].map(({ version, removed, doubted }) => [version, removed, doubted])).toEqual([
    [5, 4, 3],
    [3, 0, 3],
  ])
})
