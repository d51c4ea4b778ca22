import { afterEach, describe, expect, test, vi } from 'vitest'
import { ambientWaitUntil, canCompress, processEnv, systemClock } from '../../src/runtime.ts'

const vercel = Symbol.for('@vercel/request-context')
const next = Symbol.for('@next/request-context')

afterEach(() => {
  for (const symbol of [vercel, next]) Reflect.deleteProperty(globalThis, symbol)
})

describe('the ambient waitUntil', () => {
  test('is missing where the platform offers none', () => {
    expect(ambientWaitUntil()).toBeUndefined()
    for (const context of [{}, { get: () => undefined }, { get: () => ({}) }]) {
      Object.assign(globalThis, { [vercel]: context })
      expect(ambientWaitUntil()).toBeUndefined()
    }
  })

  test("is the request's own, called as a method of its context", () => {
    const works: unknown[] = []
    const context = {
      works,
      waitUntil(work: Promise<unknown>) {
        this.works.push(work)
      },
    }
    Object.assign(globalThis, { [vercel]: { get: () => context } })
    const work = Promise.resolve()
    ambientWaitUntil()?.(work)
    expect(works).toEqual([work])
  })

  test("is Next's where Vercel offers none", () => {
    const [ofVercel, ofNext] = [vi.fn(), vi.fn()]
    Object.assign(globalThis, { [next]: { get: () => ({ waitUntil: ofNext }) } })
    ambientWaitUntil()?.(Promise.resolve())
    Object.assign(globalThis, { [vercel]: { get: () => undefined } })
    ambientWaitUntil()?.(Promise.resolve())
    Object.assign(globalThis, { [vercel]: { get: () => ({ waitUntil: ofVercel }) } })
    ambientWaitUntil()?.(Promise.resolve())
    expect([ofVercel.mock.calls.length, ofNext.mock.calls.length]).toEqual([1, 2])
  })

  test('is looked up for each request anew', () => {
    const [first, second] = [vi.fn(), vi.fn()]
    let current = first
    Object.assign(globalThis, { [vercel]: { get: () => ({ waitUntil: current }) } })
    ambientWaitUntil()?.(Promise.resolve())
    current = second
    ambientWaitUntil()?.(Promise.resolve())
    expect([first.mock.calls.length, second.mock.calls.length]).toEqual([1, 1])
  })
})

describe('the process environment', () => {
  test('is empty where there is no process, or one without an environment', () => {
    vi.stubGlobal('process', undefined)
    expect(processEnv()).toEqual({})
    vi.stubGlobal('process', {})
    expect(processEnv()).toEqual({})
  })

  test("is the process's own where there is one", () => {
    expect(processEnv()).toBe(process.env)
  })
})

describe('the ability to compress', () => {
  test('needs both streams', () => {
    expect(canCompress()).toBe(true)
    vi.stubGlobal('CompressionStream', undefined)
    expect(canCompress()).toBe(false)
    vi.unstubAllGlobals()
    vi.stubGlobal('DecompressionStream', undefined)
    expect(canCompress()).toBe(false)
  })
})

describe('the system clock', () => {
  test("is the platform's, looked up on each call", () => {
    vi.stubGlobal('Date', { now: () => 42 })
    vi.stubGlobal('performance', { now: () => 43 })
    expect([systemClock.now(), systemClock.monotonic()]).toEqual([42, 43])
  })

  test('sets and clears timers of the platform', () => {
    const [set, clear] = [vi.fn(() => 'timer'), vi.fn()]
    vi.stubGlobal('setTimeout', set)
    vi.stubGlobal('clearTimeout', clear)
    const run = (): void => {}
    systemClock.clearTimeout(systemClock.setTimeout(run, 5))
    expect(set.mock.calls).toEqual([[run, 5]])
    expect(clear.mock.calls).toEqual([['timer']])
  })
})
