import * as scripts from '../../../src/lua/index.ts'
import { after, called, type Case, costsOf, NOTHING, set } from './case.ts'

const many = Array.from({ length: 1_201 }, (_, i) => `k${i}`)
const HAS_IT = after(set('k', 'v'))
const HAS_ONE = after(['RPUSH', 'k', 'a'])
const STARTS = 'when it starts an expiration'

/** Scripts for plain values, counters, lists and many keys. */
export const VALUES: readonly Case[] = [
  ...costsOf(scripts.GetAndExtendExpiration, { args: [9_000] }, { '': [HAS_IT, NOTHING] }),
  ...costsOf(scripts.SetIfNotExists, { args: ['v', 9_000] }, { '': [NOTHING] }),
  ...costsOf(scripts.SetIfNotExists, { args: ['v', 0] }, { '': [HAS_IT] }),
  ...costsOf(scripts.SetIfExists, { args: ['v', 9_000] }, { '': [NOTHING] }),
  ...costsOf(scripts.SetIfExists, { args: ['v', 'keep'] }, { '': [HAS_IT] }),
  ...costsOf(
    scripts.CompareAndSwap,
    { args: ['a', 'b', 0] },
    { 'when it swaps': [after(set('k', 'a'))], 'when not': [after(set('k', 'x')), NOTHING] },
  ),
  ...costsOf(
    scripts.CompareAndDelete,
    { args: ['a'] },
    { 'when it deletes': [after(set('k', 'a'))], 'when not': [after(set('k', 'x')), NOTHING] },
  ),
  ...costsOf(
    scripts.IncrementWithExpiration,
    { args: [1, 9_000] },
    {
      'most times': [after(set('k', 3)), called(1, 0)],
      [`${STARTS} or from 2^53 on`]: [NOTHING, called('9007199254740992', 0)],
      'when both': [called('9007199254740992', 9_000)],
    },
  ),
  ...costsOf(
    scripts.IncrementWithin,
    { args: [1, 0, 5, 9_000] },
    {
      [STARTS]: [NOTHING],
      'when it adds': [after(set('k', 3)), called(1, 0, 5, 0)],
      'when not': [called(9, 0, 5, 9_000)],
    },
  ),
  ...costsOf(
    scripts.AppendToLimitedList,
    { args: ['v', 3, 9_000] },
    { [STARTS]: [NOTHING], 'while there is room': [called('v', 3, 0), HAS_ONE] },
  ),
  ...costsOf(
    scripts.AppendToLimitedList,
    { args: ['v', 1, 9_000] },
    { 'when it drops the oldest': [HAS_ONE] },
  ),
  ...costsOf(scripts.GetMultiple, {}, { '': [{ keys: ['a', 'b', 'c'] }, { keys: many }] }),
  ...costsOf(
    scripts.SetMultiple,
    { keys: ['a', 'b'] },
    {
      'with an expiration': [called('1', '2', 9_000)],
      without: [called('1', '2', 0), { keys: many, args: [...many, 0] }],
    },
  ),
  ...costsOf(
    scripts.GetAndRefreshRelated,
    { keys: ['a', 'b', 'c'], args: [9_000] },
    { 'when there is a value': [after(set('a', 'v'))], 'when not': [NOTHING] },
  ),
  ...costsOf(scripts.DeleteByPattern, { keys: ['k*'], args: [1_000] }, { '': [{ numbers: { deleted: 0 } }] }),
  ...costsOf(
    scripts.DeleteByPattern,
    { keys: ['k*'], args: [10_000] },
    { '': [{ ...after(['MSET', ...many.flatMap((key) => [key, 'v'])]), numbers: { deleted: 1_201 } }] },
  ),
]
