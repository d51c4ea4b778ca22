import { describe, expect, test } from 'vitest'
import * as scripts from '../../src/lua/index.ts'
import type { LuaScript } from '../../src/lua/index.ts'
import { allScripts, describeScripts, HOSTILE, title, type Word } from './lua.ts'

/** Good arguments for each script; what is bad is put in the place of one of them. */
const GOOD: Readonly<Record<string, readonly Word[]>> = {
  AcquireFencedLock: ['token', 9_000],
  AcquireLock: ['token', 9_000],
  AppendToLimitedList: ['value', 5, 9_000],
  CheckRateLimits: ['take', 's', 1, 5, 9_000_000, 1, 0, 0, 0],
  CommitEntry: ['token', 'seen', 'new', 9_000, 7],
  CompareAndDelete: ['expected'],
  CompareAndSwap: ['expected', 'new', 9_000],
  CompareAndSwapEntry: ['p', 'j', 'expected', 'digest', '|new', 9_000, '', 7, 0, '', 7, 9_000],
  DeleteByPattern: [100, '0'],
  ExpireEntries: [9_000, 'p'],
  ExtendLock: ['token', 9_000],
  FillEntry: ['expected', 'new', 9_000, 7],
  GetAndExtendEntries: ['p', ',j,', 9_000, 7, 9_000, 9_000],
  GetAndExtendExpiration: [9_000],
  GetAndRefreshRelated: [9_000],
  GetMultiple: [],
  IncrementWithExpiration: [1, 9_000],
  IncrementWithin: [1, 0, 5, 9_000],
  InvalidateTags: [9_000, 'member'],
  LeaseEntry: ['p', ',j,', 'token', 9_000, 1_700_000_000_000, 0, 7, 7],
  RateLimitSlidingWindow: [5, 9_000, 1],
  ReleaseFencedLock: ['token', 7],
  ReleaseLock: ['token'],
  RemoveEntries: [9_000],
  SeedVersions: ['member'],
  SetEntry: ['|value', 9_000, ''],
  SetEntryIfExists: ['p', ',j,', '|value', 9_000, '', 7, 0, '', 7, 9_000],
  SetEntryIfNotExists: ['p', ',j,', '|value', 9_000, '', 7, 0, '', 7, 9_000],
  SetIfExists: ['value', 9_000],
  SetIfNotExists: ['value', 9_000],
  SetMultiple: ['value', 9_000],
  SlideEntry: ['p', 1_700_000_000_000, 9_000],
}

/** A `clock` is natural, or empty. */
type Kind = 'positive' | 'natural' | 'clock' | 'integer'

/** Where a number is expected. */
const NUMBERS: readonly (readonly [LuaScript, number, Kind])[] = [
  [scripts.AcquireFencedLock, 1, 'positive'],
  [scripts.AcquireLock, 1, 'positive'],
  [scripts.AppendToLimitedList, 1, 'positive'],
  [scripts.AppendToLimitedList, 2, 'natural'],
  [scripts.CommitEntry, 3, 'positive'],
  [scripts.CommitEntry, 4, 'natural'],
  [scripts.CompareAndSwap, 2, 'natural'],
  [scripts.CompareAndSwapEntry, 5, 'natural'],
  [scripts.CompareAndSwapEntry, 7, 'natural'],
  [scripts.CompareAndSwapEntry, 8, 'natural'],
  [scripts.CompareAndSwapEntry, 10, 'natural'],
  [scripts.CompareAndSwapEntry, 11, 'positive'],
  [scripts.DeleteByPattern, 0, 'positive'],
  [scripts.ExpireEntries, 0, 'positive'],
  [scripts.ExtendLock, 1, 'positive'],
  [scripts.FillEntry, 2, 'positive'],
  [scripts.FillEntry, 3, 'natural'],
  [scripts.GetAndExtendEntries, 2, 'positive'],
  [scripts.GetAndExtendEntries, 3, 'natural'],
  [scripts.GetAndExtendEntries, 4, 'natural'],
  [scripts.GetAndExtendEntries, 5, 'positive'],
  [scripts.GetAndExtendExpiration, 0, 'positive'],
  [scripts.GetAndRefreshRelated, 0, 'positive'],
  [scripts.IncrementWithExpiration, 0, 'integer'],
  [scripts.IncrementWithExpiration, 1, 'natural'],
  [scripts.IncrementWithin, 0, 'integer'],
  [scripts.IncrementWithin, 1, 'integer'],
  [scripts.IncrementWithin, 2, 'integer'],
  [scripts.IncrementWithin, 3, 'natural'],
  [scripts.InvalidateTags, 0, 'natural'],
  [scripts.LeaseEntry, 3, 'positive'],
  [scripts.LeaseEntry, 4, 'clock'],
  [scripts.LeaseEntry, 5, 'natural'],
  [scripts.LeaseEntry, 6, 'natural'],
  [scripts.LeaseEntry, 7, 'natural'],
  [scripts.RateLimitSlidingWindow, 0, 'natural'],
  [scripts.RateLimitSlidingWindow, 1, 'positive'],
  [scripts.RateLimitSlidingWindow, 2, 'natural'],
  [scripts.ReleaseFencedLock, 1, 'natural'],
  [scripts.RemoveEntries, 0, 'positive'],
  [scripts.SetEntry, 1, 'positive'],
  [scripts.SetEntryIfExists, 3, 'natural'],
  [scripts.SetEntryIfExists, 5, 'natural'],
  [scripts.SetEntryIfExists, 6, 'natural'],
  [scripts.SetEntryIfExists, 8, 'natural'],
  [scripts.SetEntryIfExists, 9, 'positive'],
  [scripts.SetEntryIfNotExists, 3, 'positive'],
  [scripts.SetEntryIfNotExists, 5, 'natural'],
  [scripts.SetEntryIfNotExists, 6, 'natural'],
  [scripts.SetEntryIfNotExists, 8, 'natural'],
  [scripts.SetEntryIfNotExists, 9, 'positive'],
  [scripts.SetIfExists, 1, 'natural'],
  [scripts.SetIfNotExists, 1, 'natural'],
  [scripts.SetMultiple, 1, 'natural'],
]

// oxfmt-ignore
const NO_NUMBERS = [
  '', ' ', 'x', '1.5', '1e3', '0x10', '010', '00', '-0', '+1', ' 1', '1 ', '1\n', '1\u0000', '--1', '-',
  'inf', '-inf', 'nan', 'NaN', 'Infinity', 'null', 'true', '1,000', '1_000', '١', '1'.repeat(400),
]
const NEGATIVES = ['-1', '-9007199254740991']
const HUGE = ['9007199254740993', '99999999999999999999']

/** As many as it takes; only the first is there. */
function keysOf({ keys }: LuaScript): string[] {
  return ['k', 'l', 'm'].slice(0, keys.min)
}

function bad(kind: Kind, script: LuaScript): string[] {
  const huge = script === scripts.IncrementWithExpiration && kind === 'integer' ? [] : HUGE
  if (kind === 'integer') return [...NO_NUMBERS, ...huge, ...huge.map((digits) => `-${digits}`)]
  const texts = kind === 'clock' ? NO_NUMBERS.filter((text) => text !== '') : NO_NUMBERS
  return [...texts, ...NEGATIVES, ...huge, ...(kind === 'positive' ? ['0'] : [])]
}

describeScripts('arguments', (lua) => {
  test.each(NUMBERS.map(([script, at, kind]) => [script.name, at + 1, kind, script] as const))(
    '%s refuses an ARGV[%i] that is no %s number, writes nothing and does not repeat it',
    async (name, position, kind, script) => {
      await lua().redis('SET', 'k', 'expected')
      const texts = bad(kind, script)
      const outcomes = await lua().outcomes(
        texts.map((text) => lua().words(script, keysOf(script), (GOOD[name] ?? []).with(position - 1, text))),
      )
      for (const [at, { error }] of outcomes.entries()) {
        const text = texts[at] ?? ''
        expect([text, error]).toEqual([text, expect.stringMatching(/^ERR hybrid-cache: [ -~]+$/)])
        if (text.length > 4) expect(error).not.toContain(text)
      }
      expect(await lua().redis('GET', 'k')).toBe('expected')
      expect(await lua().redis('PTTL', 'k')).toBe(-1)
      expect(await lua().redis('DBSIZE')).toBe(1)
    },
  )

  test.each(allScripts.filter(({ args }) => args.min > 0).map((script) => [script.name, script] as const))(
    '%s with an argument too few is an error and writes nothing',
    async (name, script) => {
      await lua().redis('SET', 'k', 'expected')
      const tooFew = Array.from({ length: script.args.min }, (_, count) => (GOOD[name] ?? []).slice(0, count))
      const outcomes = await lua().outcomes(tooFew.map((args) => lua().words(script, keysOf(script), args)))
      expect(outcomes).toEqual(tooFew.map(() => ({ error: expect.stringMatching(/^ERR /) as string })))
      expect(await lua().redis('GET', 'k')).toBe('expected')
      expect(await lua().redis('PTTL', 'k')).toBe(-1)
      expect(await lua().redis('DBSIZE')).toBe(1)
    },
  )

  test.each([
    scripts.AcquireFencedLock,
    scripts.AcquireLock,
    scripts.CommitEntry,
    scripts.ExtendLock,
    scripts.LeaseEntry,
    scripts.ReleaseFencedLock,
    scripts.ReleaseLock,
  ])('$name refuses an empty token', async (script) => {
    const at = script.args.names.indexOf('token')
    const { error } = await lua().run(script, keysOf(script), (GOOD[script.name] ?? []).with(at, ''))
    expect(error).toBe('ERR hybrid-cache: token must not be empty')
    expect(await lua().redis('DBSIZE')).toBe(0)
  })

  test.each(['CompareAndSwap', 'SetIfExists'])('%s takes keep, and no other word', async (name) => {
    const script = allScripts.find((each) => each.name === name) ?? scripts.SetIfExists
    const last = (GOOD[name] ?? []).length - 1
    for (const word of ['KEEP', 'keep ', 'none', 'KEEPTTL'])
      expect((await lua().run(script, ['k'], (GOOD[name] ?? []).with(last, word))).error).toMatch(
        /^ERR hybrid/,
      )
    expect((await lua().run(script, ['k'], (GOOD[name] ?? []).with(last, 'keep'))).error).toBeUndefined()
  })

  const expectReplies = async (calls: readonly (readonly [readonly Word[], unknown])[]): Promise<void> => {
    const commands = calls.map(([words]) => words)
    const large = commands.flat().some((word) => String(word).length > 100_000) // together too large for one request
    const replies: unknown[] = large ? [] : await lua().pipeline(commands)
    if (large) for (const words of commands) replies.push(await lua().redis(...words))
    expect(replies).toEqual(calls.map(([, reply]) => reply))
  }

  describe.each(HOSTILE.map((text) => [title(text), text] as const))('the text %s', (_, text) => {
    // A key that is empty is a key; the decoy tells whether anything but the named keys was touched.
    const key = `key${text.slice(0, 1_000)}`

    test('comes back as it was, as a key and as a value', async () => {
      const { words } = lua()
      await expectReplies([
        [['SET', 'decoy', 'stays'], 'OK'],
        [words(scripts.SetIfNotExists, [key], [text, 0]), 1],
        [words(scripts.GetAndExtendExpiration, [key], [60_000]), text],
        [words(scripts.SetIfExists, [key], [`${text}2`, 'keep']), 1],
        [words(scripts.CompareAndSwap, [key], [text, 'lost', 0]), 0],
        [words(scripts.CompareAndSwap, [key], [`${text}2`, text, 0]), 1],
        [words(scripts.GetMultiple, ['none', key]), [null, text]],
        [words(scripts.GetAndRefreshRelated, [key, 'none'], [60_000]), text],
        [words(scripts.CompareAndDelete, [key], [`${text} `]), 0],
        [words(scripts.CompareAndDelete, [key], [text]), 1],
        [words(scripts.SetMultiple, [key, 'other'], [text, text, 60_000]), 2],
        [
          ['MGET', key, 'other'],
          [text, text],
        ],
        [['DEL', key, 'other'], 2],
        [words(scripts.AppendToLimitedList, [key], [text, 5, 0]), 1],
        [['LRANGE', key, 0, -1], [text]],
        [['DBSIZE'], 2],
        [['GET', 'decoy'], 'stays'],
      ])
    })

    test('is a token, and a key of locks, counters and limits', async () => {
      const { words } = lua()
      const token = `${text}t`
      await expectReplies([
        [['SET', 'decoy', 'stays'], 'OK'],
        [words(scripts.AcquireLock, [key], [token, 60_000]), 1],
        [words(scripts.AcquireLock, [key], ['another', 60_000]), 0],
        [words(scripts.ExtendLock, [key], [token, 60_000]), 1],
        [words(scripts.ReleaseLock, [key], ['another']), 0],
        [words(scripts.ReleaseLock, [key], [token]), 1],
        [words(scripts.IncrementWithExpiration, [key], [2, 60_000]), 2],
        [words(scripts.IncrementWithin, [key], [1, 0, 3, 0]), [1, 3]],
        [['DEL', key], 1],
        [words(scripts.RateLimitSlidingWindow, [key], [1, 60_000]), [1, 0, 0, 60_001]],
        [['DBSIZE'], 2],
        [['GET', 'decoy'], 'stays'],
      ])
    })
  })
})
