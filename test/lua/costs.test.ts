import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { LuaScript } from '../../src/lua/index.ts'
import type { Case } from './costs/case.ts'
import { LOCKS_AND_LIMITS } from './costs/locks-and-limits.ts'
import { READS } from './costs/reads.ts'
import { VALUES } from './costs/values.ts'
import { WRITES } from './costs/writes.ts'
import { allScripts, describeScripts } from './lua.ts'

const CASES: readonly Case[] = [...VALUES, ...LOCKS_AND_LIMITS, ...READS, ...WRITES]

const documented = readFileSync(new URL('../../src/lua/scripts.ts', import.meta.url), 'utf8')

/** What the documentation of a script says: counts by situation. */
function stated(script: LuaScript): Map<string, string> {
  const end = documented.indexOf(`\nexport const ${script.name}:`)
  const comment = documented.slice(documented.lastIndexOf('/**', end), end).replace(/\s*\n \* ?/g, ' ')
  const [, costs = ''] = /own calls included: (.+?)\. It /.exec(comment) ?? []
  return new Map(
    costs.split(', ').map((each) => {
      const [, count = '', when = ''] = /^((?:\d+|N|ceil\([^)]*\)| \+ )+)(?: (.+))?$/.exec(each) ?? []
      return [when, count]
    }),
  )
}

function evaluate(count: string, numbers: Readonly<Record<string, number>>): number {
  return count
    .split(' + ')
    .map((term) => {
      const [, above, below] = /^ceil\((\w+) \/ (\d+)\)$/.exec(term) ?? []
      if (above !== undefined) return Math.ceil((numbers[above] ?? Number.NaN) / Number(below))
      return numbers[term] ?? Number(term)
    })
    .reduce((sum, each) => sum + each, 0)
}

test('every documented situation is tried', () => {
  for (const script of allScripts) {
    const tried = CASES.filter((each) => each.script === script).map(({ when }) => when)
    expect([script.name, [...new Set(tried)].toSorted()]).toEqual([
      script.name,
      [...stated(script).keys()].toSorted(),
    ])
  }
})

describeScripts('costs', (lua) => {
  test.each(CASES.map((each) => [each.script.name, each.when || 'always', each] as const))(
    '%s %s',
    async (_, __, { script, when, given = [], keys = ['k'], args = [], numbers = {} }) => {
      for (const command of given) await lua().redis(...command)
      const billed = await lua().billed(() => lua().call(script, keys, args))
      expect(billed).toBe(evaluate(stated(script).get(when) ?? '', { N: keys.length, ...numbers }))
      expect(lua().server.stats().requests).toBe(1)
    },
  )
})
