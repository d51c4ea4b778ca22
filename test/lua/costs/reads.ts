import * as scripts from '../../../src/lua/index.ts'
import type { Word } from '../lua.ts'
import { after, type Case, costsOf, ENDED, lend, LIVE, NOTHING, put, set } from './case.ts'

const at = 1_800_000_000_000

/** An entry that slides through an hour. */
const sliding = (fresh: number): Word[] => put('e:k', { fresh, end: 9_000_000_000_000, idle: 3_600_000 })
const TEXT = set('p:e:k', 'text')

const leased = ['p:e:k', 'l']
const lease = (now: Word): Word[] => ['p', ',j,', 't', 9_000, now, 0, 7, 0]
const OWN = lend('l', '7|t')
const OTHERS = lend('l', 'x')
const ENDLESS = set('l', 'x')

/** What is there when a load ends: what it saw as it began, what another load has written, or something else. */
const SEEN = set('k', 'seen…')
const WRITTEN = set('k', 'v')
const OTHER = set('k', 'other')

/** Scripts that read entries, and those that load what is missing. */
export const READS: readonly Case[] = [
  ...costsOf(
    scripts.SlideEntry,
    { keys: ['p:e:k'], args: ['p', at, 9_000] },
    {
      'when it extends': [after(sliding(at + 2_000))],
      'when not': [after(sliding(at + 3_600_000)), after(TEXT)],
    },
  ),
  ...costsOf(
    scripts.SlideEntry,
    { keys: ['p:e:k'], args: ['p', '', 9_000] },
    {
      'when it extends and TIME tells': [after(sliding(Date.now() + 100_000))],
      'when not and TIME tells': [after(TEXT)],
    },
  ),
  ...costsOf(
    scripts.GetAndExtendEntries,
    { keys: ['p:e:k'], args: ['p', ',j,', 9_000, 0, 0, 9_000] },
    {
      'when all are there': [{ ...after(LIVE, put('e:l')), keys: ['p:e:k', 'p:e:l'] }],
      'when the first counts as nothing': [after(ENDED)],
      'when it is missing': [NOTHING],
    },
  ),
  ...costsOf(
    scripts.LeaseEntry,
    { keys: leased, args: lease(1) },
    {
      'when the entry is usable': [after(LIVE, OTHERS)],
      'when a lease without an end is replaced': [after(ENDLESS)],
    },
  ),
  ...costsOf(
    scripts.LeaseEntry,
    { keys: leased, args: lease(1_700_000_000_000) },
    {
      'when the token or another has the lease': [
        NOTHING,
        after(ENDED),
        after(OTHERS),
        after(ENDED, OTHERS),
        after(OWN),
      ],
    },
  ),
  ...costsOf(
    scripts.LeaseEntry,
    { keys: leased, args: lease('') },
    {
      'when the token or another has the lease': [NOTHING, after(OTHERS)],
      'when the entry is usable and TIME tells': [after(LIVE)],
      'when it is not and TIME tells': [after(ENDED), after(ENDED, OTHERS), after(ENDED, OWN)],
      'when it is and TIME tells': [after(ENDED, ENDLESS)],
    },
  ),
  ...costsOf(
    scripts.FillEntry,
    { args: ['seen', 'v', 9_000, 7] },
    {
      'when it writes': [NOTHING, after(SEEN)],
      'when not': [after(WRITTEN), after(OTHER)],
    },
  ),
  ...costsOf(
    scripts.CommitEntry,
    { keys: ['k', 'l'], args: ['t', 'seen', 'v', 9_000, 7] },
    {
      'when it writes and ends the lease': [after(OWN), after(SEEN, OWN)],
      'when it does one of both': [NOTHING, after(SEEN), after(OTHER, OWN), after(WRITTEN, OWN)],
      'when neither': [
        after(OTHERS),
        after(SEEN, OTHERS),
        after(OTHER),
        after(WRITTEN),
        after(WRITTEN, OTHERS),
      ],
    },
  ),
]
