import fc from '../support/fc.ts'
import { describe, expect, test } from 'vitest'
import { longestTimer } from '../../src/duration.ts'
import { assertWithin, noStale, resolveLoad, resolveStale, staleWindow } from '../../src/tolerance.ts'

const load = { softTimeout: 1, timeout: 2, beta: 3, stampede: 'global' } as const
const stale = { swr: 1, staleIfError: 2, jitter: 3, negativeTtl: 4 }

describe('what a call puts up with', () => {
  test('is what it says, else what the cache says, and `false` is none', () => {
    const names = ['swr', 'staleIfError', 'jitter', 'negativeTtl'] as const
    expect(resolveStale({}, stale)).toEqual(stale)
    expect(resolveStale({}, noStale)).toEqual({ swr: 0, staleIfError: 0, jitter: 0, negativeTtl: 0 })
    for (const name of names) {
      expect(resolveStale({ [name]: '1m' }, stale)).toEqual({ ...stale, [name]: 60_000 })
      expect(resolveStale({ [name]: false }, stale)).toEqual({ ...stale, [name]: 0 })
      expect(() => resolveStale({ [name]: 0 }, stale)).toThrow(`${name} must be`)
    }
    expect(resolveLoad({}, load)).toEqual(load)
    for (const name of ['softTimeout', 'timeout'] as const) {
      expect(resolveLoad({ [name]: '1m' }, load)).toEqual({ ...load, [name]: 60_000 })
      expect(resolveLoad({ [name]: false }, load)).toEqual({ ...load, [name]: 0 })
      expect(resolveLoad({ [name]: '365d' }, load)).toEqual({ ...load, [name]: longestTimer })
    }
  })

  test('eager is a beta: 1 unless it says so, 0 for not at all', () => {
    for (const [eager, beta] of [
      [true, 1],
      [false, 0],
      [{ beta: 2.5 }, 2.5],
      [undefined, 3],
    ] as const)
      expect(resolveLoad(eager === undefined ? {} : { eager }, load).beta).toBe(beta)
  })

  test('stampede is one of three', () => {
    for (const stampede of ['isolate', 'global', 'off'] as const)
      expect(resolveLoad({ stampede }, load).stampede).toBe(stampede)
    for (const stampede of ['none', '', null, true] as never[])
      expect(() => resolveLoad({ stampede }, load)).toThrow('stampede must be one of isolate, global, off')
  })

  test('the window is the longer of the two, and counts for maxTtl to the millisecond', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(1000), fc.nat(1000), fc.nat(3000), (swr, staleIfError, ttl, max) => {
        const window = staleWindow({ ...stale, swr, staleIfError })
        expect(window).toBe(swr > staleIfError ? swr : staleIfError)
        const check = (): void => assertWithin(max, ttl, window, 'ttl')
        if (ttl + window <= max) expect(check).not.toThrow()
        else expect(check).toThrow(window > 0 ? /^ttl with its stale window is/ : /^ttl is longer/)
      }),
    )
  })
})
