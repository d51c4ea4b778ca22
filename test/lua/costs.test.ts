import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import * as scripts from '../../src/lua/index.ts'
import type { LuaScript } from '../../src/lua/index.ts'
import { formatEntry } from '../../src/entry/header.ts'
import { headerOf } from '../support/entries.ts'
import { allScripts, describeScripts, type Word } from './lua.ts'

/** A call in a situation that the documentation of a script gives a cost for. */
interface Case {
  readonly script: LuaScript
  /** The words of the documentation; '' where it costs the same always. */
  readonly when: string
  readonly given?: readonly (readonly Word[])[]
  readonly keys?: readonly string[]
  readonly args?: readonly Word[]
  /** What is put for `deleted` and the like. */
  readonly numbers?: Readonly<Record<string, number>>
}

/** The bytes of an entry of the key `p:<address>`, with the payload 1. */
const entry = (address: string, fresh = 9_000_000_000_000): string =>
  formatEntry({ header: headerOf({ address, fresh }), payload: '1' })

const leaseArgs = (now: Word): Word[] => ['p', ',j,', 't', 9_000, now, 0, 7, 0]

const conditional = ['p:e:k', 'v', 'log']
const conditionalArgs: Word[] = ['p', ',j,', '|v', 9_000, 'm', 0, '', 9_000]
const swapArgs = (text: Word): Word[] => ['p', 'j', text, 'd', '|v', 9_000, 'm', 0, '', 9_000, '']
const SEEDED: readonly Word[] = ['SET', 'v', '1700000000000001']
/** One below a version at which the log is trimmed. */
const TRIMS: readonly Word[] = ['SET', 'v', '1699999999999999']

const many = Array.from({ length: 1_201 }, (_, i) => `k${i}`)
const STARTS = 'when it starts an expiration'

/** A sliding entry of `p:e:k` that has two seconds left of its window of an hour, at the instant `at`. */
const at = 1_800_000_000_000
const sliding = (fresh = at + 2_000): string =>
  formatEntry({
    header: headerOf({ address: 'e:k', fresh, end: 9_000_000_000_000, idle: 3_600_000 }),
    payload: '1',
  })

const SLIDES: readonly Case[] = [
  ['when it extends', sliding(), at],
  ['when not', sliding(at + 3_600_000), at],
  ['when not', 'text', at],
  ['when it extends and TIME tells', sliding(Date.now() + 100_000), ''],
  ['when not and TIME tells', 'text', ''],
].map(([when, bytes, now]) => ({
  script: scripts.SlideEntry,
  when: String(when),
  given: [['SET', 'p:e:k', bytes as Word]],
  keys: ['p:e:k'],
  args: ['p', now as Word, 9_000],
}))

/** One word for each key after the mode. */
const sliding5 = (cost: Word): Word[] => ['s', cost, 5, 9_000_000, 1, 0, 0, 0]
const fixed5 = (cost: Word): Word[] => ['f', cost, 5, 9_000_000, 0, 0, 0, 0]
const gcra5 = (cost: Word): Word[] => ['g', cost, 5, 9_000_000, 9_000_000, 0, 1_800_000, 0]

const CHECKS: readonly Case[] = [
  ['when all of them change', ['take', ...sliding5(1)]],
  ['when all of them change', ['take', ...gcra5(1)]],
  ['when all of them change', ['take', ...fixed5(1)]],
  ['when all of them change', ['take', ...fixed5(1), ...gcra5(1), ...sliding5(5)]],
  ['when all of them change', ['block', ...fixed5(1000)]],
  ['when none does', ['take', ...fixed5(1), ...gcra5(1), ...sliding5(6)]],
  ['when none does', ['take', ...sliding5(6)]],
  ['when none does', ['take', ...sliding5(0)]],
  ['when none does', ['look', ...sliding5(1)]],
  ['when none does', ['give', ...sliding5(-1)]],
  ['when none does', ['block', ...fixed5(0)]],
].map(([when, args]) => ({
  script: scripts.CheckRateLimits,
  when: String(when),
  keys: ['k', 'l', 'm'].slice(0, ((args as Word[]).length - 1) / 8),
  args: args as Word[],
}))

const CASES: readonly Case[] = [
  ...SLIDES,
  { script: scripts.GetAndExtendExpiration, when: '', given: [['SET', 'k', 'v']], args: [9_000] },
  { script: scripts.GetAndExtendExpiration, when: '', args: [9_000] },
  { script: scripts.SetIfNotExists, when: '', args: ['v', 9_000] },
  { script: scripts.SetIfNotExists, when: '', given: [['SET', 'k', 'v']], args: ['v', 0] },
  { script: scripts.SetIfExists, when: '', args: ['v', 9_000] },
  { script: scripts.SetIfExists, when: '', given: [['SET', 'k', 'v']], args: ['v', 'keep'] },
  { script: scripts.CompareAndSwap, when: 'when it swaps', given: [['SET', 'k', 'a']], args: ['a', 'b', 0] },
  { script: scripts.CompareAndSwap, when: 'when not', given: [['SET', 'k', 'x']], args: ['a', 'b', 0] },
  { script: scripts.CompareAndSwap, when: 'when not', args: ['a', 'b', 0] },
  { script: scripts.CompareAndDelete, when: 'when it deletes', given: [['SET', 'k', 'a']], args: ['a'] },
  { script: scripts.CompareAndDelete, when: 'when not', given: [['SET', 'k', 'x']], args: ['a'] },
  { script: scripts.CompareAndDelete, when: 'when not', args: ['a'] },
  { script: scripts.IncrementWithExpiration, when: 'most times', given: [['SET', 'k', 3]], args: [1, 9_000] },
  { script: scripts.IncrementWithExpiration, when: 'most times', args: [1, 0] },
  { script: scripts.IncrementWithExpiration, when: `${STARTS} or from 2^53 on`, args: [1, 9_000] },
  {
    script: scripts.IncrementWithExpiration,
    when: `${STARTS} or from 2^53 on`,
    args: ['9007199254740992', 0],
  },
  { script: scripts.IncrementWithExpiration, when: 'when both', args: ['9007199254740992', 9_000] },
  { script: scripts.IncrementWithin, when: STARTS, args: [1, 0, 5, 9_000] },
  { script: scripts.IncrementWithin, when: 'when it adds', given: [['SET', 'k', 3]], args: [1, 0, 5, 9_000] },
  { script: scripts.IncrementWithin, when: 'when it adds', args: [1, 0, 5, 0] },
  { script: scripts.IncrementWithin, when: 'when not', args: [9, 0, 5, 9_000] },
  { script: scripts.GetMultiple, when: '', keys: ['a', 'b', 'c'] },
  { script: scripts.GetMultiple, when: '', keys: many },
  { script: scripts.SetMultiple, when: 'with an expiration', keys: ['a', 'b'], args: ['1', '2', 9_000] },
  { script: scripts.SetMultiple, when: 'without', keys: ['a', 'b'], args: ['1', '2', 0] },
  { script: scripts.SetMultiple, when: 'without', keys: many, args: [...many, 0] },
  { script: scripts.AcquireLock, when: 'when it is free', args: ['t', 9_000] },
  {
    script: scripts.AcquireLock,
    when: 'when somebody has it',
    given: [['SET', 'k', 'x']],
    args: ['t', 9_000],
  },
  {
    script: scripts.AcquireLock,
    when: 'when the token has it already',
    given: [['SET', 'k', 't']],
    args: ['t', 9_000],
  },
  { script: scripts.ExtendLock, when: 'when it extends', given: [['SET', 'k', 't']], args: ['t', 9_000] },
  { script: scripts.ExtendLock, when: 'when not', args: ['t', 9_000] },
  { script: scripts.ReleaseLock, when: 'when it releases', given: [['SET', 'k', 't']], args: ['t'] },
  { script: scripts.ReleaseLock, when: 'when not', given: [['SET', 'k', 'x']], args: ['t'] },
  ...[
    ['when it is free', ''],
    ['when it is free', '|x'],
    ['when the token was given back', '|t'],
    ['when somebody has it or the token has it already', '7|x'],
    ['when somebody has it or the token has it already', '7|t'],
  ].map(([when = '', held = '']): Case => ({
    script: scripts.AcquireFencedLock,
    when,
    given: held === '' ? [] : [['SET', 'k', held, 'PX', 9_000]],
    keys: ['k', 'f'],
    args: ['t', 9_000],
  })),
  {
    script: scripts.AcquireFencedLock,
    when: 'when a lock without an end is replaced',
    given: [['SET', 'k', '7|x']],
    keys: ['k', 'f'],
    args: ['t', 9_000],
  },
  ...[
    ['when nobody else has it', ''],
    ['when nobody else has it', '|x'],
    ['when nobody else has it', '7|t'],
    ['when somebody has it or it was given back before', '8|x'],
    ['when somebody has it or it was given back before', '|t'],
  ].map(([when = '', held = '']): Case => ({
    script: scripts.ReleaseFencedLock,
    when,
    given: held === '' ? [] : [['SET', 'k', held, 'PX', 9_000]],
    keys: ['k', 'f'],
    args: ['t', 7],
  })),
  { script: scripts.AppendToLimitedList, when: STARTS, args: ['v', 3, 9_000] },
  { script: scripts.AppendToLimitedList, when: 'while there is room', args: ['v', 3, 0] },
  {
    script: scripts.AppendToLimitedList,
    when: 'while there is room',
    given: [['RPUSH', 'k', 'a']],
    args: ['v', 3, 9_000],
  },
  {
    script: scripts.AppendToLimitedList,
    when: 'when it drops the oldest',
    given: [['RPUSH', 'k', 'a']],
    args: ['v', 1, 9_000],
  },
  {
    script: scripts.GetAndRefreshRelated,
    when: 'when there is a value',
    given: [['SET', 'a', 'v']],
    keys: ['a', 'b', 'c'],
    args: [9_000],
  },
  { script: scripts.GetAndRefreshRelated, when: 'when not', keys: ['a', 'b', 'c'], args: [9_000] },
  { script: scripts.DeleteByPattern, when: '', keys: ['k*'], args: [1_000], numbers: { deleted: 0 } },
  {
    script: scripts.DeleteByPattern,
    when: '',
    given: [['MSET', ...many.flatMap((key) => [key, 'v'])]],
    keys: ['k*'],
    args: [10_000],
    numbers: { deleted: 1_201 },
  },
  {
    script: scripts.SetEntryIfNotExists,
    when: 'when nothing is there',
    given: [SEEDED],
    keys: conditional,
    args: conditionalArgs,
  },
  {
    script: scripts.SetEntryIfNotExists,
    when: 'when nothing is there',
    given: [SEEDED, ['SET', 'p:e:k', 'h1|t|7\n']],
    keys: conditional,
    args: conditionalArgs,
  },
  {
    script: scripts.SetEntryIfNotExists,
    when: 'when an entry is',
    given: [SEEDED, ['SET', 'p:e:k', entry('e:k')]],
    keys: conditional,
    args: conditionalArgs,
  },
  {
    script: scripts.SetEntryIfNotExists,
    when: 'when what is there has ended',
    given: [SEEDED, ['SET', 'p:e:k', entry('e:k', 1)]],
    keys: conditional,
    args: conditionalArgs,
  },
  {
    script: scripts.SetEntryIfNotExists,
    when: 'when not seeded',
    keys: conditional,
    args: conditionalArgs,
  },
  {
    script: scripts.SetEntryIfExists,
    when: 'when it writes',
    given: [SEEDED, ['SET', 'p:e:k', entry('e:k')]],
    keys: conditional,
    args: [...conditionalArgs, ''],
  },
  {
    script: scripts.SetEntryIfExists,
    when: 'when what is there has ended or has tags that nobody vouched for',
    given: [SEEDED, ['SET', 'p:e:k', entry('e:k', 1)]],
    keys: conditional,
    args: [...conditionalArgs, ''],
  },
  {
    script: scripts.SetEntryIfExists,
    when: 'when nothing is there',
    given: [SEEDED],
    keys: conditional,
    args: [...conditionalArgs, ''],
  },
  {
    script: scripts.SetEntryIfExists,
    when: 'when nothing is there',
    given: [SEEDED, ['SET', 'p:e:k', 'h1|t|7\n']],
    keys: conditional,
    args: [...conditionalArgs, ''],
  },
  {
    script: scripts.SetEntryIfExists,
    when: 'when not seeded',
    given: [['SET', 'p:e:k', entry('e:k')]],
    keys: conditional,
    args: [...conditionalArgs, ''],
  },
  {
    script: scripts.CompareAndSwapEntry,
    when: 'when it swaps',
    given: [SEEDED, ['SET', 'p:e:k', entry('e:k')]],
    keys: conditional,
    args: swapArgs(1),
  },
  {
    script: scripts.CompareAndSwapEntry,
    when: 'when not',
    given: [SEEDED, ['SET', 'p:e:k', entry('e:k')]],
    keys: conditional,
    args: swapArgs(2),
  },
  {
    script: scripts.CompareAndSwapEntry,
    when: 'when not',
    given: [SEEDED, ['SET', 'p:e:k', entry('e:k', 1)]],
    keys: conditional,
    args: swapArgs(1),
  },
  {
    script: scripts.CompareAndSwapEntry,
    when: 'when nothing is there',
    given: [SEEDED],
    keys: conditional,
    args: swapArgs(1),
  },
  {
    script: scripts.CompareAndSwapEntry,
    when: 'when not seeded',
    given: [['SET', 'p:e:k', entry('e:k')]],
    keys: conditional,
    args: swapArgs(1),
  },
  {
    script: scripts.SeedVersions,
    when: 'when there is a version',
    given: [SEEDED],
    keys: ['v', 'e', 'log'],
    args: ['*'],
  },
  {
    script: scripts.SeedVersions,
    when: 'when it seeds',
    keys: ['v', 'e', 'log'],
    args: ['*'],
  },
  {
    script: scripts.SetEntry,
    when: 'most times',
    given: [SEEDED],
    keys: ['v', 'e', 'log'],
    args: ['|v', 9_000, 'm'],
  },
  {
    script: scripts.SetEntry,
    when: 'when it trims the log',
    given: [TRIMS],
    keys: ['v', 'e', 'log'],
    args: ['|v', 9_000, 'm'],
  },
  {
    script: scripts.SetEntry,
    when: 'without a log',
    given: [SEEDED],
    keys: ['v', 'e'],
    args: ['|v', 9_000, ''],
  },
  {
    script: scripts.SetEntry,
    when: 'when not seeded',
    keys: ['v', 'e', 'log'],
    args: ['|v', 9_000, 'm'],
  },
  {
    script: scripts.RemoveEntries,
    when: 'most times',
    given: [SEEDED],
    keys: ['v', 'e', 'f', 'log'],
    args: [9_000, 'm', 'n'],
  },
  {
    script: scripts.RemoveEntries,
    when: 'most times',
    given: [SEEDED],
    keys: ['v', 'e', 'f'],
    args: [9_000],
  },
  {
    script: scripts.RemoveEntries,
    when: 'most times',
    given: [SEEDED],
    keys: ['v', 'e', 'log'],
    args: [9_000, 'm'],
  },
  {
    script: scripts.RemoveEntries,
    when: 'when it trims the log',
    given: [TRIMS],
    keys: ['v', 'e', 'f', 'log'],
    args: [9_000, 'm', 'n'],
  },
  {
    script: scripts.RemoveEntries,
    when: 'when not seeded',
    keys: ['v', 'e', 'f', 'log'],
    args: [9_000, 'm', 'n'],
  },
  {
    script: scripts.InvalidateTags,
    when: 'most times',
    given: [SEEDED],
    keys: ['v', 'log', 't', 'u'],
    args: [9_000, 'm', 'n'],
  },
  {
    script: scripts.InvalidateTags,
    when: 'when it trims the log',
    given: [TRIMS],
    keys: ['v', 'log', 't', 'u'],
    args: [9_000, 'm', 'n'],
  },
  {
    script: scripts.InvalidateTags,
    when: 'when not seeded',
    keys: ['v', 'log', 't', 'u'],
    args: [9_000, 'm', 'n'],
  },
  {
    script: scripts.ExpireEntries,
    when: 'when no entry is there',
    given: [SEEDED],
    keys: ['v', 'p:e:k', 'p:e:l', 'log'],
    args: [9_000, 'p', 'm', 'n'],
  },
  {
    script: scripts.ExpireEntries,
    when: 'when no entry is there',
    given: [SEEDED],
    keys: ['v', 'p:e:k'],
    args: [9_000, 'p'],
  },
  {
    script: scripts.ExpireEntries,
    when: 'when one is',
    given: [SEEDED, ['SET', 'p:e:k', entry('e:k')]],
    keys: ['v', 'p:e:k', 'p:e:l', 'log'],
    args: [9_000, 'p', 'm', 'n'],
  },
  {
    script: scripts.ExpireEntries,
    when: 'when all are and there is a log',
    given: [SEEDED, ['SET', 'p:e:k', entry('e:k')], ['SET', 'p:e:l', entry('e:l')]],
    keys: ['v', 'p:e:k', 'p:e:l', 'log'],
    args: [9_000, 'p', 'm', 'n'],
  },
  {
    script: scripts.ExpireEntries,
    when: 'when it trims the log and no entry is there',
    given: [TRIMS],
    keys: ['v', 'p:e:k', 'p:e:l', 'log'],
    args: [9_000, 'p', 'm', 'n'],
  },
  {
    script: scripts.ExpireEntries,
    when: 'when not seeded',
    keys: ['v', 'p:e:k', 'p:e:l', 'log'],
    args: [9_000, 'p', 'm', 'n'],
  },
  {
    script: scripts.GetAndExtendEntries,
    when: 'when all are there',
    given: [
      ['SET', 'p:e:k', entry('e:k')],
      ['SET', 'p:e:l', entry('e:l')],
    ],
    keys: ['p:e:k', 'p:e:l'],
    args: ['p', ',j,', 9_000, 0, 0],
  },
  {
    script: scripts.GetAndExtendEntries,
    when: 'when the first counts as nothing',
    given: [['SET', 'p:e:k', entry('e:k', 1)]],
    keys: ['p:e:k'],
    args: ['p', ',j,', 9_000, 0, 0],
  },
  {
    script: scripts.GetAndExtendEntries,
    when: 'when it is missing',
    keys: ['p:e:k'],
    args: ['p', ',j,', 9_000, 0, 0],
  },
  {
    script: scripts.LeaseEntry,
    when: 'when the entry will do',
    given: [
      ['SET', 'p:e:k', entry('e:k')],
      ['SET', 'l', 'x', 'PX', 9_000],
    ],
    keys: ['p:e:k', 'l'],
    args: leaseArgs(1),
  },
  {
    script: scripts.LeaseEntry,
    when: 'when the token or another has the lease',
    keys: ['p:e:k', 'l'],
    args: leaseArgs(1_700_000_000_000),
  },
  {
    script: scripts.LeaseEntry,
    when: 'when the token or another has the lease',
    given: [['SET', 'p:e:k', entry('e:k', 1)]],
    keys: ['p:e:k', 'l'],
    args: leaseArgs(1_700_000_000_000),
  },
  {
    script: scripts.LeaseEntry,
    when: 'when the token or another has the lease',
    given: [['SET', 'l', 'x', 'PX', 9_000]],
    keys: ['p:e:k', 'l'],
    args: leaseArgs(1_700_000_000_000),
  },
  {
    script: scripts.LeaseEntry,
    when: 'when the token or another has the lease',
    given: [
      ['SET', 'p:e:k', entry('e:k', 1)],
      ['SET', 'l', 'x', 'PX', 9_000],
    ],
    keys: ['p:e:k', 'l'],
    args: leaseArgs(1_700_000_000_000),
  },
  {
    script: scripts.LeaseEntry,
    when: 'when the token or another has the lease',
    given: [['SET', 'l', '7|t', 'PX', 9_000]],
    keys: ['p:e:k', 'l'],
    args: leaseArgs(1_700_000_000_000),
  },
  {
    script: scripts.LeaseEntry,
    when: 'when the token or another has the lease',
    keys: ['p:e:k', 'l'],
    args: leaseArgs(''),
  },
  {
    script: scripts.LeaseEntry,
    when: 'when the token or another has the lease',
    given: [['SET', 'l', 'x', 'PX', 9_000]],
    keys: ['p:e:k', 'l'],
    args: leaseArgs(''),
  },
  {
    script: scripts.LeaseEntry,
    when: 'when the entry will do and TIME tells',
    given: [['SET', 'p:e:k', entry('e:k')]],
    keys: ['p:e:k', 'l'],
    args: leaseArgs(''),
  },
  {
    script: scripts.LeaseEntry,
    when: 'when it will not and TIME tells',
    given: [['SET', 'p:e:k', entry('e:k', 1)]],
    keys: ['p:e:k', 'l'],
    args: leaseArgs(''),
  },
  {
    script: scripts.LeaseEntry,
    when: 'when it will not and TIME tells',
    given: [
      ['SET', 'p:e:k', entry('e:k', 1)],
      ['SET', 'l', 'x', 'PX', 9_000],
    ],
    keys: ['p:e:k', 'l'],
    args: leaseArgs(''),
  },
  {
    script: scripts.LeaseEntry,
    when: 'when it will not and TIME tells',
    given: [
      ['SET', 'p:e:k', entry('e:k', 1)],
      ['SET', 'l', '7|t', 'PX', 9_000],
    ],
    keys: ['p:e:k', 'l'],
    args: leaseArgs(''),
  },
  {
    script: scripts.LeaseEntry,
    when: 'when a lease without an end is replaced',
    given: [['SET', 'l', 'x']],
    keys: ['p:e:k', 'l'],
    args: leaseArgs(1),
  },
  {
    script: scripts.LeaseEntry,
    when: 'when it is and TIME tells',
    given: [
      ['SET', 'p:e:k', entry('e:k', 1)],
      ['SET', 'l', 'x'],
    ],
    keys: ['p:e:k', 'l'],
    args: leaseArgs(''),
  },
  {
    script: scripts.FillEntry,
    when: 'when it writes',
    keys: ['k'],
    args: ['seen', 'v', 9_000, 7],
  },
  {
    script: scripts.FillEntry,
    when: 'when it writes',
    given: [['SET', 'k', 'seen…']],
    keys: ['k'],
    args: ['seen', 'v', 9_000, 7],
  },
  {
    script: scripts.FillEntry,
    when: 'when not',
    given: [['SET', 'k', 'v']],
    keys: ['k'],
    args: ['seen', 'v', 9_000, 7],
  },
  {
    script: scripts.FillEntry,
    when: 'when not',
    given: [['SET', 'k', 'other']],
    keys: ['k'],
    args: ['seen', 'v', 9_000, 7],
  },
  {
    script: scripts.CommitEntry,
    when: 'when it writes and ends the lease',
    given: [['SET', 'l', '7|t', 'PX', 9_000]],
    keys: ['k', 'l'],
    args: ['t', 'seen', 'v', 9_000, 7],
  },
  {
    script: scripts.CommitEntry,
    when: 'when it writes and ends the lease',
    given: [
      ['SET', 'k', 'seen…'],
      ['SET', 'l', '7|t', 'PX', 9_000],
    ],
    keys: ['k', 'l'],
    args: ['t', 'seen', 'v', 9_000, 7],
  },
  {
    script: scripts.CommitEntry,
    when: 'when it does one of both',
    keys: ['k', 'l'],
    args: ['t', 'seen', 'v', 9_000, 7],
  },
  {
    script: scripts.CommitEntry,
    when: 'when it does one of both',
    given: [['SET', 'k', 'seen…']],
    keys: ['k', 'l'],
    args: ['t', 'seen', 'v', 9_000, 7],
  },
  {
    script: scripts.CommitEntry,
    when: 'when it does one of both',
    given: [
      ['SET', 'k', 'other'],
      ['SET', 'l', '7|t', 'PX', 9_000],
    ],
    keys: ['k', 'l'],
    args: ['t', 'seen', 'v', 9_000, 7],
  },
  {
    script: scripts.CommitEntry,
    when: 'when it does one of both',
    given: [
      ['SET', 'k', 'v'],
      ['SET', 'l', '7|t', 'PX', 9_000],
    ],
    keys: ['k', 'l'],
    args: ['t', 'seen', 'v', 9_000, 7],
  },
  {
    script: scripts.CommitEntry,
    when: 'when neither',
    given: [['SET', 'l', 'x', 'PX', 9_000]],
    keys: ['k', 'l'],
    args: ['t', 'seen', 'v', 9_000, 7],
  },
  {
    script: scripts.CommitEntry,
    when: 'when neither',
    given: [
      ['SET', 'k', 'seen…'],
      ['SET', 'l', 'x', 'PX', 9_000],
    ],
    keys: ['k', 'l'],
    args: ['t', 'seen', 'v', 9_000, 7],
  },
  {
    script: scripts.CommitEntry,
    when: 'when neither',
    given: [['SET', 'k', 'other']],
    keys: ['k', 'l'],
    args: ['t', 'seen', 'v', 9_000, 7],
  },
  {
    script: scripts.CommitEntry,
    when: 'when neither',
    given: [['SET', 'k', 'v']],
    keys: ['k', 'l'],
    args: ['t', 'seen', 'v', 9_000, 7],
  },
  {
    script: scripts.CommitEntry,
    when: 'when neither',
    given: [
      ['SET', 'k', 'v'],
      ['SET', 'l', 'x', 'PX', 9_000],
    ],
    keys: ['k', 'l'],
    args: ['t', 'seen', 'v', 9_000, 7],
  },
  ...CHECKS,
  { script: scripts.RateLimitSlidingWindow, when: 'when allowed', args: [5, 9_000] },
  { script: scripts.RateLimitSlidingWindow, when: 'when denied or cost is 0', args: [5, 9_000, 6] },
  { script: scripts.RateLimitSlidingWindow, when: 'when denied or cost is 0', args: [5, 9_000, 0] },
]

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
