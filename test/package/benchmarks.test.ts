import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
// @ts-expect-error a plain script
import * as checking from '../bench/check.js'
// @ts-expect-error a plain script
import * as charting from '../bench/report/chart.js'
// @ts-expect-error a plain script
import * as reporting from '../bench/report/index.js'
// @ts-expect-error a plain script
import * as pricing from '../bench/report/price.js'

interface Ratio {
  readonly group: string
  readonly row: string
  readonly name: string
  readonly ratio: number
  readonly low: number
  readonly high: number
}

interface Bill {
  readonly name: string
  readonly costs: Record<string, { readonly requests?: number; readonly commands: number }>
}

interface Results {
  readonly ratios: readonly Ratio[]
  readonly costs: readonly Bill[]
}

const { fallenBack, toleranceOf } = checking as {
  fallenBack(results: readonly Ratio[], kept: readonly Ratio[]): string[]
  toleranceOf(kept: Ratio): number
}
const { chartOf } = charting as { chartOf(results: Results): string }
const { withTables } = reporting as { withTables(text: string, results: Results): string }
const { priceOf } = pricing as {
  priceOf(bill: Bill): { commands: number; dollars: number; most: number; mostDollars: number }
}

const root = resolve(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const kept = JSON.parse(read('test/bench/results.json')) as Results
const page = read('docs/benchmarks.md')

describe('what was measured last', () => {
  test('is what the page and its chart say', () => {
    expect(withTables(page, kept)).toBe(page)
    expect(chartOf(kept)).toBe(read('docs/benchmarks.svg'))
  })

  test('changes the page where it changes', () => {
    const [first, ...others] = kept.ratios as [Ratio, ...Ratio[]]
    const other = { ...kept, ratios: [{ ...first, ratio: first.ratio + 1 }, ...others] }
    expect(withTables(page, other)).not.toBe(page)
  })

  test('says of each peer that is faster in every process that it is', () => {
    const ahead = kept.ratios.filter(({ group, high }) => /hits|shared|mixed/.test(group) && high < 1)
    const bold = [...page.split('## Beside the least')[0]!.matchAll(/\*\*[\d.]+x\*\*/g)]
    expect(bold.length).toBe(ahead.length)
  })
})

describe('bench:check', () => {
  const was = { group: 'floor', row: 'L1 hit', name: 'beside lru', ratio: 1.2, low: 1.17, high: 1.23 }

  test('allows twice the spread, and 5 % where there was next to none', () => {
    expect(toleranceOf(was)).toBeCloseTo(0.1)
    expect(toleranceOf({ ...was, low: 1.2, high: 1.2 })).toBe(0.05)
  })

  test('lets a ratio pass that is within that, or better', () => {
    expect(fallenBack([{ ...was, ratio: 1.31 }], [was])).toEqual([])
    expect(fallenBack([{ ...was, ratio: 0.5 }], [was])).toEqual([])
  })

  test('tells of one that is worse, and of one that was never kept', () => {
    expect(fallenBack([{ ...was, ratio: 1.33 }], [was])).toEqual([
      'L1 hit, beside lru: 1.33x, was 1.20x, limit 1.32x',
    ])
    expect(fallenBack([{ ...was, row: 'L2 hit' }], [was])).toEqual([
      'L2 hit, beside lru is new: keep it with npm run bench -- --write',
    ])
  })
})

describe('a million requests', () => {
  const one = { commands: 1 }
  const costs = {
    'read again': { commands: 0 },
    'read that again': { commands: 0 },
    'read from L2': one,
    load: { commands: 2 },
    remove: { commands: 4 },
  }

  test('cost what was counted, and for a cache with a log at most a look with every read more', () => {
    expect(priceOf({ name: 'other', costs })).toMatchObject({ commands: 170_000, most: 170_000 })
    expect(priceOf({ name: 'other', costs }).dollars).toBeCloseTo(0.34)
    expect(priceOf({ name: 'hybrid-cache', costs })).toMatchObject({ commands: 170_000, most: 280_000 })
  })

  test('cost more where nothing is kept in memory', () => {
    const none = { ...costs, 'read again': one, 'read that again': one, remove: one }
    expect(priceOf({ name: 'other', costs: none })).toMatchObject({ commands: 1_020_000, dollars: 2.04 })
  })
})
