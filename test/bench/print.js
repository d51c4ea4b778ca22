// @ts-check
import { inTimes } from './run.js'

/** @import { Result } from './run.js' */

/** Shows what a group came to. @param {string} group @param {any} outcome @param {readonly string[]} [remarks] */
export function print(group, outcome, remarks = []) {
  console.log(`\n${group}`)
  for (const line of outcome) console.log(`  ${lineOf(line)}`)
  for (const remark of remarks) console.log(`  ${remark}`)
}

/** @param {any} line */
function lineOf(line) {
  if ('ratio' in line) return lineOfRatio(line)
  if ('costs' in line)
    return `${line.name}: ${Object.entries(line.costs)
      .map(([what, cost]) => `${what} ${inShort(/** @type {any} */ (cost))}`)
      .join(' · ')}`
  return Object.values(line).join('  ')
}

/** @param {Result} result */
function lineOfRatio({ row, name, ratio, low, high, goal }) {
  const spread = `(${inTimes(low)} to ${inTimes(high)})`
  const verdict = goal === undefined ? '' : ` goal ${inTimes(goal)}${ratio <= goal ? '' : ', MISSED'}`
  return `${inTimes(ratio).padStart(7)} ${spread.padEnd(18)}${verdict} ${row}, ${name}`
}

/** Requests / commands. @param {{ requests?: number, commands: number }} cost */
export const inShort = ({ requests, commands }) => `${requests ?? '-'}/${commands}`
