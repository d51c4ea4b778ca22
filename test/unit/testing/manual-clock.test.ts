import { expect, test } from 'vitest'
import { ManualClock } from '../../../src/testing/index.ts'

test('timers run when they fall due, in order, also those that a timer sets', async () => {
  const clock = new ManualClock(5000)
  const ran: [string, number][] = []
  const note = (name: string): void => void ran.push([name, clock.now()])
  clock.setTimeout(() => note('late'), 300)
  clock.setTimeout(() => {
    note('first')
    clock.setTimeout(() => note('set by the first'), 50)
  }, 100)
  clock.setTimeout(() => note('second'), 100)
  const ended = clock.setTimeout(() => note('never'), 10)
  clock.clearTimeout(ended)
  await clock.advance('200ms')
  expect(ran).toEqual([
    ['first', 5100],
    ['second', 5100],
    ['set by the first', 5150],
  ])
  expect([clock.now(), clock.pending]).toEqual([5200, 1])
})

test('what a timer sets in motion is done before time goes on', async () => {
  const clock = new ManualClock()
  const seen: number[] = []
  clock.setTimeout(() => {
    void Promise.resolve()
      .then(() => undefined)
      .then(() => seen.push(clock.monotonic()))
  }, 10)
  clock.setTimeout(() => seen.push(clock.monotonic()), 20)
  const start = clock.monotonic()
  await clock.advance(1000)
  expect(seen).toEqual([start + 10, start + 20])
})

test('the wall clock can be set, and then no time passes', async () => {
  const clock = new ManualClock()
  const before = clock.monotonic()
  clock.set(0)
  expect([clock.now(), clock.monotonic()]).toEqual([0, before])
  await clock.advance(0)
  expect(clock.now()).toBe(0)
})

test('the monotonic clock never goes back, whatever else moves it while time passes', async () => {
  const clock = new ManualClock()
  const [start, wall] = [clock.monotonic(), clock.now()]
  clock.setTimeout(() => clock.jump('1h'), 10)
  await clock.advance(100)
  expect([clock.monotonic() - start, clock.now() - wall]).toEqual([3_600_010, 3_600_010])
  await Promise.all([clock.advance(100), clock.advance(10)])
  expect([clock.monotonic() - start, clock.now() - wall]).toEqual([3_600_110, 3_600_110])
})

test('nonsense is refused', async () => {
  const clock = new ManualClock()
  for (const wrong of [-1, NaN, Infinity, '1 h'] as never[])
    await expect(clock.advance(wrong)).rejects.toThrow(TypeError)
  expect(() => clock.set(NaN)).toThrow(TypeError)
  expect(() => new ManualClock(Infinity)).toThrow(TypeError)
})
