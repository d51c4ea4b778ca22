import fc from '../../support/fc.ts'
import { describe, expect, test } from 'vitest'
import { type Verdict, Versions } from '../../../src/coherence/versions.ts'

/** An isolate that has made its first request when `at` was the last version. */
function begun(at: number): Versions {
  const versions = new Versions()
  versions.begin(at)
  return versions
}

describe('judge', () => {
  test.each<[number, Verdict]>([
    [9, 'dead'],
    [10, 'ok'],
    [11, 'ok'],
  ])('a stamp of %i against everything removed at 10 is %s', (stamp, verdict) => {
    const versions = begun(10)
    versions.learnStar(10)
    expect(versions.judge(stamp, 'k', [])).toBe(verdict)
  })

  test.each<[number, Verdict]>([
    [9, 'dead'],
    [10, 'ok'],
  ])(
    'a stamp of %i against an own write of the key at 10 is %s, and other keys are not concerned',
    (stamp, verdict) => {
      const versions = begun(1)
      versions.own('k', 10)
      expect(versions.judge(stamp, 'k', [])).toBe(verdict)
      expect(versions.judge(stamp, 'other', [])).toBe('ok')
    },
  )

  test.each<[number, Verdict]>([
    [9, 'dead'],
    [10, 'soft'],
    [19, 'soft'],
    [20, 'ok'],
  ])('a stamp of %i against a tag removed at 10 and expired at 20 is %s', (stamp, verdict) => {
    const versions = begun(1)
    versions.learnTag('t', { hard: 10, soft: 20 })
    expect(versions.judge(stamp, 'k', ['t'])).toBe(verdict)
    expect(versions.judge(stamp, 'k', ['other', 't'])).toBe(verdict)
    expect(versions.judge(stamp, 'k', ['other'])).toBe('ok')
  })

  test.each<[number, Verdict]>([
    [99, 'unknown'],
    [100, 'ok'],
  ])(
    'V24: a stamp of %i with a tag that is not known, of a new isolate that began at 100, is %s',
    (stamp, verdict) => {
      expect(begun(100).judge(stamp, 'k', ['t'])).toBe(verdict)
    },
  )

  test('an unknown tag is asked for before a soft one counts, and a dead one needs no asking', () => {
    const versions = begun(100)
    versions.learnTag('soft', { soft: 60 })
    versions.learnTag('dead', { hard: 60 })
    for (const tags of [
      ['soft', 'unknown'],
      ['unknown', 'soft'],
    ])
      expect(versions.judge(50, 'k', tags)).toBe('unknown')
    for (const tags of [
      ['dead', 'unknown', 'soft'],
      ['unknown', 'soft', 'dead'],
    ])
      expect(versions.judge(50, 'k', tags)).toBe('dead')
  })

  test('whatever is known, and in whatever order it was learned, the highest version counts (V5)', () => {
    const change = fc.record({
      kind: fc.constantFrom('star' as const, 'own' as const, 'hard' as const, 'soft' as const),
      name: fc.constantFrom('a', 'b'),
      version: fc.integer({ min: 1, max: 30 }),
    })
    const top = (values: readonly number[]): number => Math.max(0, ...values)
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), fc.integer({ min: 0, max: 30 }), (changes, stamp) => {
        const versions = begun(0)
        for (const { kind, name, version } of changes) {
          if (kind === 'star') versions.learnStar(version)
          else if (kind === 'own') versions.own(name, version)
          else versions.learnTag(name, { [kind]: version })
        }
        const of = (kind: string, name?: string): number =>
          top(
            changes.filter((each) => each.kind === kind && name !== each.name).map(({ version }) => version),
          )
        // Judged: key a with tag b, so that of each kind but the star one name counts.
        const dead = stamp < of('star') || stamp < of('own', 'b') || stamp < of('hard', 'a')
        const expected = dead ? 'dead' : stamp < of('soft', 'a') ? 'soft' : 'ok'
        expect(versions.judge(stamp, 'a', ['b'])).toBe(expected)
        expect(versions.seen).toBe(top(changes.map(({ version }) => version)))
        expect(versions.floor('a')).toBe(Math.max(of('star'), of('own', 'b')))
      }),
    )
  })
})

test('V5: what is learned of a tag one by one adds up', () => {
  for (const changes of [
    [{ hard: 10 }, { soft: 20 }],
    [{ soft: 20 }, { hard: 10 }],
  ]) {
    const versions = begun(1)
    for (const change of changes) versions.learnTag('t', change)
    expect([9, 15, 20].map((stamp) => versions.judge(stamp, 'k', ['t']))).toEqual(['dead', 'soft', 'ok'])
  }
})

describe('the epoch', () => {
  test.each<[string, (versions: Versions) => void]>([
    ['everything is removed', (versions) => versions.learnStar(200)],
    ['a tag is removed', (versions) => versions.learnTag('t', { hard: 200 })],
    ['a tag is expired', (versions) => versions.learnTag('t', { soft: 200 })],
    ['what was missed cannot be told', (versions) => versions.reset(200)],
  ])('goes on when %s, so that L1 judges anew', (_, change) => {
    const versions = begun(100)
    const { epoch } = versions
    change(versions)
    expect(versions.epoch).toBeGreaterThan(epoch)
  })

  test('stays where nothing is new', () => {
    const versions = begun(100)
    versions.learnStar(50)
    versions.learnTag('t', { hard: 60, soft: 70 })
    const { epoch } = versions
    versions.learnStar(50)
    versions.learnTag('t', { hard: 60 })
    versions.learnTag('t', { soft: 69 })
    versions.own('k', 150)
    versions.wrote(101)
    expect(versions.epoch).toBe(epoch)
  })
})

describe('where the log stands', () => {
  test('is known from the first reply on, and nothing later changes it', () => {
    const versions = new Versions()
    expect(versions.ready).toBe(false)
    expect(versions.begin(100)).toBe(true)
    expect([versions.ready, versions.applied, versions.horizon, versions.seen]).toEqual([true, 100, 100, 100])
  })

  test.each([
    [99, true],
    [100, true],
    [101, false],
  ])(
    'V3: of two first replies the second, at %i, counts as one where it is not ahead: %s',
    (version, counts) => {
      const versions = begun(100)
      expect(versions.begin(version)).toBe(counts)
      expect([versions.applied, versions.horizon, versions.seen]).toEqual([100, 100, Math.max(100, version)])
    },
  )

  test.each([
    [101, 101],
    [102, 100],
    [100, 100],
    [99, 100],
  ])('V6: an own write at %i leaves what is applied at %i', (version, applied) => {
    const versions = begun(100)
    versions.wrote(version)
    expect(versions.applied).toBe(applied)
    expect(versions.seen).toBe(Math.max(100, version))
  })

  test('V4: a write before the first check applies nothing, and what comes first is where the log begins', () => {
    const versions = new Versions()
    versions.wrote(1)
    expect([versions.applied, versions.ready]).toEqual([0, false])
    versions.begin(100)
    expect(versions.applied).toBe(100)
  })
})

describe('reset', () => {
  test('V9: forgets tags, and neither what was removed here nor the last clear', () => {
    const versions = begun(100)
    versions.learnStar(40)
    versions.own('k', 60)
    versions.learnTag('t', { hard: 10 })
    versions.reset(150)
    expect(versions.ready).toBe(false)
    expect(versions.knows('t')).toBe(false)
    expect(versions.judge(39, 'other', [])).toBe('dead')
    expect(versions.judge(59, 'k', [])).toBe('dead')
    expect(versions.judge(60, 'k', [])).toBe('ok')
  })

  test.each([
    [150, 120, 150],
    [110, 120, 120],
    [0, 120, 120],
  ])('at %i, with %i seen, nothing below %i is believed without its tags', (top, seen, horizon) => {
    const versions = begun(100)
    versions.see(seen)
    versions.reset(top)
    expect(versions.horizon).toBe(horizon)
    versions.begin(105)
    expect(versions.horizon).toBe(horizon)
    expect(versions.judge(horizon - 1, 'k', ['t'])).toBe('unknown')
  })

  test('begins where the reply says, though it is of a replica that lags', () => {
    const versions = begun(100)
    versions.reset(200)
    expect(versions.begin(150)).toBe(true)
    expect([versions.applied, versions.horizon]).toEqual([150, 200])
  })
})

describe('V11: a bounded map of tags', () => {
  test.each(['hard', 'soft'] as const)(
    'that forgets a %s version trusts nothing that is older without asking',
    (kind) => {
      const versions = begun(100)
      versions.learnTag('forgotten', { [kind]: 200 })
      const { epoch } = versions
      for (let i = 0; i < 10_000; i++) versions.learnTag(`t${i}`, { hard: 50, soft: 0 })
      expect(versions.knows('forgotten')).toBe(false)
      expect(versions.knows('t0')).toBe(true)
      expect(versions.horizon).toBe(200)
      expect(versions.epoch).toBeGreaterThan(epoch)
      expect(versions.judge(199, 'k', ['forgotten'])).toBe('unknown')
      expect(versions.judge(200, 'k', ['forgotten'])).toBe('ok')
    },
  )

  test('that forgets what is older than it began still trusts the rest', () => {
    const versions = begun(100)
    for (let i = 0; i <= 10_000; i++) versions.learnTag(`t${i}`, { hard: 50, soft: 0 })
    expect(versions.horizon).toBe(100)
  })
})
