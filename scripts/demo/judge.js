// @ts-check
// What came out, against what was expected.

/** @import { Cost, Expected, Row } from './types.d.ts' */
/** @import { Answer } from './run.js' */

/**
 * What is not as expected, in words.
 *
 * @param {Omit<Row, 'wrong'>} row
 * @param {Expected} expected
 * @param {boolean} isNew Whether its value was not seen before.
 */
export function compare(row, expected, isNew) {
  const { status = 200, tier = null, value, requests, commands } = expected
  /** @type {[string, unknown, unknown][]} */
  const pairs = [
    ['status', status, row.status],
    ['answered by', tier, row.tier],
    ['HTTP requests to Redis', requests, row.requests],
    ['commands', commands, row.commands],
  ]
  if (value === 'new') pairs.push(['value', 'a new one', isNew ? 'a new one' : row.value])
  else pairs.push(['value', value?.value ?? null, row.value])
  return pairs
    .filter(([, wanted, got]) => wanted !== got)
    .map(([what, wanted, got]) => `${what}: expected ${wanted}, got ${got}`)
}

/**
 * Which of the outcomes an answer is, by its status.
 *
 * @param {Answer} answer
 * @param {readonly Expected[]} outcomes
 */
export function rank({ status }, outcomes) {
  return outcomes.findIndex((outcome) => (outcome.status ?? 200) === status)
}

/**
 * @param {Cost} one
 * @param {Cost} other
 */
export function sum(one, other) {
  return { requests: one.requests + other.requests, commands: one.commands + other.commands }
}

/**
 * @param {Cost} cost
 * @param {Cost} least
 * @param {Cost} most
 */
export function between(cost, least, most) {
  const { requests, commands } = cost
  if (requests < least.requests || commands < least.commands) return false
  return requests <= most.requests && commands <= most.commands
}

/** @param {readonly Answer[]} answers */
export function hasMade(answers) {
  return answers.some(({ headers }) => headers['x-cache'] === 'origin')
}

/**
 * What is wrong with the answers to a crowd, for which the origin was called so many times.
 *
 * @param {readonly Answer[]} answers
 * @param {number} loads
 */
export function crowdFaults(answers, loads) {
  const wrong = []
  if (loads !== 1) wrong.push(`calls of the origin: expected 1, got ${loads}`)
  if (answers.some(({ status }) => status !== 200)) wrong.push('status: expected 200 for all')
  if (new Set(answers.map(({ body }) => body)).size !== 1) wrong.push('value: expected the same for all')
  return wrong
}

/** @param {Cost} cost */
export function inWords({ requests, commands }) {
  return `${requests} requests and ${commands} commands`
}

/**
 * @param {Cost} whole
 * @param {Cost} counted
 */
export function together(whole, counted) {
  return `both together: expected ${inWords(whole)}, got ${inWords(counted)}`
}
