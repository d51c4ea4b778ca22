import { describe, expect, test } from 'vitest'
import { BreakerFixture } from '../../support/breaker.ts'

describe('the ratio', () => {
  /** Failures that never come in a row. */
  function alternate(fixture: BreakerFixture, pairs: number): void {
    for (let i = 0; i < pairs; i++) {
      fixture.request()
      fixture.fail()
    }
  }

  test('opens it once there were enough requests', () => {
    const fixture = new BreakerFixture()
    alternate(fixture, 9)
    fixture.request()
    expect(fixture.changes).toEqual([])
    fixture.fail()
    expect(fixture.states()).toEqual(['open'])
  })

  test('is reached at exactly its value, and not below', () => {
    const fixture = new BreakerFixture()
    alternate(fixture, 9)
    fixture.request(undefined, 3)
    fixture.fail() // 10 of 22
    expect(fixture.changes).toEqual([])
    fixture.fail() // 11 of 23
    expect(fixture.changes).toEqual([])
    fixture.fail() // 12 of 24
    expect(fixture.states()).toEqual(['open'])
  })

  test('of 1 opens only where nothing succeeded, and a success never opens', () => {
    const fixture = new BreakerFixture({ failures: 100, minimum: 3, ratio: 1 })
    fixture.request()
    fixture.fail(20)
    expect(fixture.changes).toEqual([])
    const small = new BreakerFixture({ failures: 100, minimum: 3, ratio: 0.5 })
    small.fail(2)
    small.request()
    expect(small.changes).toEqual([])
    small.fail()
    expect(small.states()).toEqual(['open'])
  })

  test('forgets what is as old as the window, and nothing younger than three quarters of it', () => {
    for (const [age, states] of [
      [7500, ['open']],
      [10_000, []],
      [50_000, []],
    ] as const) {
      const fixture = new BreakerFixture({ failures: 100 })
      fixture.fail(19)
      fixture.now += age
      fixture.fail()
      expect(fixture.states(), `${age} ms later`).toEqual(states)
    }
  })

  test('adds up what came at different times of the window', () => {
    const fixture = new BreakerFixture({ failures: 100, minimum: 8 })
    for (let i = 0; i < 4; i++) {
      fixture.fail(2)
      fixture.now += 2500
    }
    expect(fixture.states()).toEqual(['open'])
  })

  test('counts anew after it has closed', () => {
    const fixture = new BreakerFixture({ failures: 100, window: 60_000, open: 1 })
    fixture.fail(20)
    fixture.now += 1
    fixture.request()
    fixture.fail(19)
    expect(fixture.states()).toEqual(['open', 'half-open', 'closed'])
    fixture.fail()
    expect(fixture.states().at(-1)).toBe('open')
  })
})
