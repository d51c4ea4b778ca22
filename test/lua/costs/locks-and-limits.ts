import * as scripts from '../../../src/lua/index.ts'
import type { Word } from '../lua.ts'
import { after, called, type Case, costsOf, lend, NOTHING, set } from './case.ts'

/** A limit of 5, one word for each key after the mode. */
const sliding = (cost: Word): Word[] => ['s', cost, 5, 9_000_000, 1, 0, 0, 0]
const fixed = (cost: Word): Word[] => ['f', cost, 5, 9_000_000, 0, 0, 0, 0]
const gcra = (cost: number): Word[] => ['g', cost, 5, 9_000_000, 9_000_000, 0, cost * 1_800_000, 0]

export const LOCKS_AND_LIMITS: readonly Case[] = [
  ...costsOf(
    scripts.AcquireLock,
    { args: ['t', 9_000] },
    {
      'when it is free': [NOTHING],
      'when somebody has it': [after(set('k', 'x'))],
      'when the token has it already': [after(set('k', 't'))],
    },
  ),
  ...costsOf(
    scripts.ExtendLock,
    { args: ['t', 9_000] },
    { 'when it extends': [after(set('k', 't'))], 'when not': [NOTHING] },
  ),
  ...costsOf(
    scripts.ReleaseLock,
    { args: ['t'] },
    { 'when it releases': [after(set('k', 't'))], 'when not': [after(set('k', 'x'))] },
  ),
  ...costsOf(
    scripts.AcquireFencedLock,
    { keys: ['k', 'f'], args: ['t', 9_000] },
    {
      'when it is free': [NOTHING, after(lend('k', '|x'))],
      'when the token was released': [after(lend('k', '|t'))],
      'when somebody has it or the token has it already': [after(lend('k', '7|x')), after(lend('k', '7|t'))],
      'when a lock without an end is replaced': [after(set('k', '7|x'))],
    },
  ),
  ...costsOf(
    scripts.ReleaseFencedLock,
    { keys: ['k', 'f'], args: ['t', 7] },
    {
      'when no other has it': [NOTHING, after(lend('k', '|x')), after(lend('k', '7|t'))],
      'when another has it or it was released before': [after(lend('k', '8|x')), after(lend('k', '|t'))],
    },
  ),
  ...costsOf(
    scripts.CheckRateLimits,
    {},
    {
      'when all are taken from': [
        called('take', ...sliding(1)),
        called('take', ...gcra(1)),
        called('take', ...fixed(1)),
      ],
      'when all are changed by hand': [
        called('block', ...fixed(1000)),
        { ...called('block', ...fixed(0)), ...after(set('k', 'b9000000000000000;')) },
        { ...called('give', ...gcra(-1)), ...after(set('k', 'g1 9000000000000000 0 5 9000000')) },
      ],
      'when none changes': [
        called('take', ...sliding(6)),
        called('take', ...sliding(0)),
        called('look', ...sliding(1)),
        called('give', ...sliding(-1)),
        called('block', ...fixed(0)),
        { ...called('block', ...fixed(0)), ...after(set('k', 'f1 1 1')) },
      ],
    },
  ),
  ...costsOf(
    scripts.CheckRateLimits,
    { keys: ['k', 'l', 'm'] },
    {
      'when all are taken from': [called('take', ...fixed(1), ...gcra(1), ...sliding(5))],
      'when none changes': [called('take', ...fixed(1), ...gcra(1), ...sliding(6))],
    },
  ),
  ...costsOf(
    scripts.RateLimitSlidingWindow,
    {},
    {
      'when allowed': [called(5, 9_000)],
      'when denied or cost is 0': [called(5, 9_000, 6), called(5, 9_000, 0)],
    },
  ),
]
