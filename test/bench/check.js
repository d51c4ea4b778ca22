// @ts-check
import { inTimes } from './run.js'

/** @import { Result } from './run.js' */

const leastTolerance = 0.05

/**
 * By how much a ratio may grow: twice the spread of the processes that it was measured in, for that is how far apart two medians
 * easily are, and 5 % where they happened to agree.
 *
 * @param {Result} kept
 */
export const toleranceOf = ({ ratio, low, high }) => Math.max(leastTolerance, (2 * (high - low)) / ratio)

/** What is worse than it was, in words. @param {readonly Result[]} results @param {readonly Result[]} kept */
export function fallenBack(results, kept) {
  return results.flatMap((result) => {
    const { group, row, name, ratio } = result
    const before = kept.find((each) => each.group === group && each.row === row && each.name === name)
    if (before === undefined) return [`${row}, ${name} is new: keep it with npm run bench -- --write`]
    const limit = before.ratio * (1 + toleranceOf(before))
    return ratio <= limit
      ? []
      : [`${row}, ${name}: ${inTimes(ratio)}, was ${inTimes(before.ratio)}, limit ${inTimes(limit)}`]
  })
}
