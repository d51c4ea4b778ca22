import fc from '../../support/fc.ts'
import { describe, expect, test } from 'vitest'
import type { Reply } from '../../../src/index.ts'
import { ServerClock } from '../../../src/redis/server-clock.ts'
import { ManualClock } from '../../support/manual-clock.ts'

const start = 1_700_000_000_000
const minute = 60_000
const hour = 60 * minute
const timeOf = (ms: number): Reply => [String(Math.floor(ms / 1000)), String(Math.round((ms % 1000) * 1000))]

/** A server clock that has learned a server that is `skew` ahead. */
function learned(skew = 0): { wall: ManualClock; server: ServerClock } {
  const wall = new ManualClock(start)
  const server = new ServerClock(wall)
  server.learn(timeOf(start + skew), wall.monotonic())
  return { wall, server }
}

describe("the server's time", () => {
  test("is the isolate's own, and due, as long as nothing is known", () => {
    const server = new ServerClock(new ManualClock(start))
    expect([server.now(), server.known, server.due]).toEqual([start, false, true])
  })

  test.each([0, 1, -1, 250, hour, -hour, 400 * 24 * hour, 0.5])(
    'is right for a server that is %d ms ahead',
    async (skew) => {
      const { wall, server } = learned(skew)
      expect([server.known, server.due]).toEqual([true, false])
      expect(server.now()).toBe(Math.round(start + skew))
      await wall.advance(1234)
      expect(server.now()).toBe(Math.round(start + skew) + 1234)
    },
  )

  test('is right to half of the round trip, whichever way took how long', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(900),
        fc.nat(900),
        fc.integer({ min: -hour, max: hour }),
        async (there, back, skew) => {
          const wall = new ManualClock(start)
          const server = new ServerClock(wall)
          const sentAt = wall.monotonic()
          await wall.advance(there)
          const reply = timeOf(wall.now() + skew)
          await wall.advance(back)
          server.learn(reply, sentAt)
          expect(Math.abs(server.now() - (wall.now() + skew))).toBeLessThanOrEqual((there + back) / 2 + 1)
          expect(Number.isInteger(server.now())).toBe(true)
        },
      ),
    )
  })

  test('is that of the reply which came back first, where several were asked for together', async () => {
    const wall = new ManualClock(start)
    const server = new ServerClock(wall)
    const sentAt = wall.monotonic()
    await wall.advance(10)
    server.learn(timeOf(start + 5), sentAt)
    await wall.advance(800)
    server.learn(timeOf(start + 5), sentAt) // executed as early, and 800 ms on its way back
    expect(server.now()).toBe(start + 810)
    const later = wall.monotonic()
    await wall.advance(2)
    server.learn(timeOf(start + 900), later)
    expect(server.now()).toBe(start + 901)
    // One that was sent before the clock was set is as good as any.
    wall.set(wall.now() - hour)
    server.learn(timeOf(start + 1000), later)
    expect(server.known).toBe(true)
  })

  test('is asked for again after ten minutes, and still used until then', async () => {
    const { wall, server } = learned(hour)
    await wall.advance(10 * minute)
    expect(server.due).toBe(false)
    await wall.advance(1)
    expect([server.due, server.known]).toEqual([true, true])
    expect(server.now()).toBe(start + hour + 10 * minute + 1)
    server.learn(timeOf(wall.now()), wall.monotonic())
    expect([server.due, server.now()]).toEqual([false, wall.now()])
  })

  test.each([1001, -1001, hour, -hour])('is unknown again once the wall clock was set by %i ms', (by) => {
    const { wall, server } = learned()
    wall.set(start + by)
    expect([server.known, server.due]).toEqual([false, true])
    server.learn(timeOf(start), wall.monotonic())
    expect([server.known, server.now()]).toEqual([true, start])
  })

  test.each([hour, -hour])(
    'is right also where the wall clock is set by %i ms while the answer is on its way',
    async (by) => {
      const wall = new ManualClock(start)
      const server = new ServerClock(wall)
      const sentAt = wall.monotonic()
      await wall.advance(100)
      const reply = timeOf(wall.now())
      wall.set(wall.now() + by)
      server.learn(reply, sentAt)
      expect(server.now()).toBe(start + 150)
    },
  )

  test.each([1000, -1000, 1, 0])('survives a wall clock that moved by %i ms', (by) => {
    const { wall, server } = learned()
    wall.set(start + by)
    expect(server.known).toBe(true)
  })
})

const garbage = (
  [
    [null, '', 'OK', 5, [], ['1700000000'], ['x', '0'], ['1700000000', 'x'], ['', ''], [null, null]],
    [
      ['NaN', '0'],
      ['Infinity', '0'],
      ['-1', '0'],
      [[], []],
    ],
  ] as Reply[][]
).flat()

describe('a reply that is no time', () => {
  test.each(garbage.map((reply) => [JSON.stringify(reply), reply]))('teaches nothing: %s', (_, reply) => {
    const wall = new ManualClock(start)
    const server = new ServerClock(wall)
    server.learn(reply as Reply, wall.monotonic())
    expect([server.known, server.now()]).toEqual([false, start])
  })

  test('leaves what was known as it is', () => {
    const { server } = learned(hour)
    server.learn(null, 0)
    server.learn(['x', 'y'], 0)
    expect([server.known, server.now()]).toEqual([true, start + hour])
  })
})
