import * as scripts from '../../../src/lua/index.ts'
import type { Word } from '../lua.ts'
import {
  after,
  called,
  type Case,
  costsOf,
  ENDED,
  LIVE,
  NOTHING,
  put,
  SEEDED,
  set,
  TAGGED,
  TRIMS,
} from './case.ts'

const TOMBSTONE = set('p:e:k', 'h1|t|7\n')

/** What a write that depends on what is there is called with. */
const conditional = ['p:e:k', 'v', 'log']
const written: readonly Word[] = ['|v', 9_000, 'm', 0, 0, '', 0, 9_000]
/** What ends an entry with the tag `t`: the versions of everything, and of that tag. */
const concerned: readonly Word[] = ['|v', 9_000, 'm', 0, 1, 't', 0, 9_000]
const endedBy = (key: string, ...args: readonly Word[]): Omit<Case, 'script' | 'when'> => ({
  ...after(SEEDED, TAGGED, set(key, '1700000000000001')),
  keys: [...conditional, 'p:t:*', 'p:t:t', 'p:x:t'],
  args,
})
const swap = (text: Word): Word[] => ['p', 'j', text, 'd', ...written]

const removed = ['v', 'e', 'f', 'log']
const expired = ['v', 'p:e:k', 'p:e:l', 'log']

/** Scripts that write entries, remove them, or end what they are worth. */
export const WRITES: readonly Case[] = [
  ...costsOf(
    scripts.SetEntryIfNotExists,
    { keys: conditional, args: ['p', ',j,', ...written] },
    {
      'when nothing is there or it was cleared': [
        after(SEEDED),
        after(SEEDED, TOMBSTONE),
        endedBy('p:t:*', 'p', ',j,', ...concerned),
      ],
      'when an entry is': [after(SEEDED, LIVE)],
      'when what is there has expired or was ended by a tag': [
        after(SEEDED, ENDED),
        endedBy('p:x:t', 'p', ',j,', ...concerned),
      ],
      'when not seeded': [NOTHING],
    },
  ),
  ...costsOf(
    scripts.SetEntryIfExists,
    { keys: conditional, args: ['p', ',j,', ...written] },
    {
      'when it writes': [after(SEEDED, LIVE)],
      'when what is there has expired or was ended by a tag or has other tags': [
        after(SEEDED, ENDED),
        endedBy('p:x:t', 'p', ',j,', ...concerned),
        after(SEEDED, TAGGED),
      ],
      'when nothing is there or it was cleared': [
        after(SEEDED),
        after(SEEDED, TOMBSTONE),
        endedBy('p:t:*', 'p', ',j,', ...concerned),
      ],
      'when not seeded': [after(LIVE)],
    },
  ),
  ...costsOf(
    scripts.CompareAndSwapEntry,
    { keys: conditional, args: swap(1) },
    {
      'when it swaps': [after(SEEDED, LIVE)],
      'when not': [
        after(SEEDED, ENDED),
        { ...after(SEEDED, LIVE), ...called(...swap(2)) },
        endedBy('p:x:t', 'p', 'j', 1, 'd', ...concerned),
      ],
      'when nothing is there or it was cleared': [
        after(SEEDED),
        endedBy('p:t:*', 'p', 'j', 1, 'd', ...concerned),
      ],
      'when not seeded': [after(LIVE)],
    },
  ),
  ...costsOf(
    scripts.SeedVersions,
    { keys: ['v', 'e', 'log'], args: ['*'] },
    { 'when there is a version': [after(SEEDED)], 'when it seeds': [NOTHING] },
  ),
  ...costsOf(
    scripts.SetEntry,
    { keys: ['v', 'e', 'log'], args: ['|v', 9_000, 'm'] },
    {
      'most times': [after(SEEDED)],
      'when it trims the log': [after(TRIMS)],
      'when not seeded': [NOTHING],
    },
  ),
  ...costsOf(
    scripts.SetEntry,
    { keys: ['v', 'e'], args: ['|v', 9_000, ''] },
    { 'without a log': [after(SEEDED)] },
  ),
  ...costsOf(
    scripts.RemoveEntries,
    { keys: removed, args: [9_000, 'm', 'n'] },
    {
      'most times': [
        after(SEEDED),
        { ...after(SEEDED), keys: ['v', 'e', 'f'], args: [9_000] },
        { ...after(SEEDED), keys: ['v', 'e', 'log'], args: [9_000, 'm'] },
      ],
      'when it trims the log': [after(TRIMS)],
      'when not seeded': [NOTHING],
    },
  ),
  ...costsOf(
    scripts.InvalidateTags,
    { keys: ['v', 'log', 't', 'u'], args: [9_000, 'm', 'n'] },
    {
      'most times': [after(SEEDED)],
      'when it trims the log': [after(TRIMS)],
      'when not seeded': [NOTHING],
    },
  ),
  ...costsOf(
    scripts.ExpireEntries,
    { keys: expired, args: [9_000, 'p', 'm', 'n'] },
    {
      'when no entry is there': [
        after(SEEDED),
        { ...after(SEEDED), keys: ['v', 'p:e:k'], args: [9_000, 'p'] },
      ],
      'when one is': [after(SEEDED, LIVE)],
      'when all are and there is a log': [after(SEEDED, LIVE, put('e:l'))],
      'when it trims the log and no entry is there': [after(TRIMS)],
      'when not seeded': [NOTHING],
    },
  ),
]
