import fc from '../../support/fc.ts'
import { describe, expect, test } from 'vitest'
import { type ChangeKind, memberOf, parseLog } from '../../../src/coherence/log.ts'
import type { Reply } from '../../../src/index.ts'
import { anyText } from '../../support/entries.ts'

const kind = fc.constantFrom<ChangeKind>('k', 'y', 't', 'x', '*')
const namespace = fc.option(fc.stringMatching(/^[A-Za-z0-9_.{}-]{1,64}$/), { nil: undefined })

test('what is written is what is read, whatever keys and tags are called', () => {
  const change = fc.record({
    kind,
    namespace,
    name: anyText,
    version: fc.integer({ min: 1, max: 2 ** 53 - 1 }),
  })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 5 }), (changes) => {
      const reply = changes.flatMap(({ kind: of, namespace: within, name, version }) => [
        memberOf(of, within, name),
        String(version),
      ])
      expect(parseLog(reply)).toEqual(changes)
    }),
  )
})

test('V32: no two changes have one member', () => {
  const change = fc.tuple(kind, namespace, anyText)
  fc.assert(
    fc.property(change, change, (one, other) => {
      fc.pre(JSON.stringify(one) !== JSON.stringify(other))
      expect(memberOf(...one)).not.toBe(memberOf(...other))
    }),
  )
  expect(memberOf('k', undefined, 'e|x')).not.toBe(memberOf('k', 'e', 'x'))
})

test.each(['k||a|b', 'k||\n', 'k|| ', 'k||*', 'k||k||'])('a hostile name is a name: %j', (member) => {
  expect(parseLog([member, '5'])).toEqual([
    { kind: 'k', namespace: undefined, name: member.slice(3), version: 5 },
  ])
})

test.each(['', 'k', 'k|', 'z||a', 'kk||a', '||', ' k||a'])(
  'a member of a later format counts as a removal of everything: %j',
  (member) => {
    expect(parseLog([member, '5'])).toEqual([{ kind: '*', namespace: undefined, name: '', version: 5 }])
  },
)

describe('versions', () => {
  test('may come as numbers or as text, as large as JSON can tell them apart', () => {
    const at = 1_700_000_000_000_000
    expect(parseLog(['k||a', at, 'k||b', String(at + 1)])?.map(({ version }) => version)).toEqual([
      at,
      at + 1,
    ])
  })

  test.each<Reply>([
    null,
    'OK',
    7,
    ['k||a'],
    ['k||a', 'x'],
    ['k||a', '1.5'],
    ['k||a', '1e300'],
    ['k||a', 'inf'],
  ])('%j is no log', (reply) => {
    expect(parseLog(reply)).toBeUndefined()
  })

  test('no members are an empty log', () => {
    expect(parseLog([])).toEqual([])
  })
})
