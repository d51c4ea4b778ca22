import { expect, test } from 'vitest'
import { Marks } from '../../../src/load/marks.ts'

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

test('what a caller stores explicitly is spared where only loads are superseded', () => {
  const marks = new Marks()
  const [load, set] = [marks.begin('k'), marks.begin('k')]
  set.explicit = true
  marks.supersede('k', true)
  expect([load.superseded, set.superseded]).toEqual([true, false])
  marks.supersede('k')
  expect([load.superseded, set.superseded]).toEqual([true, true])
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
