// @ts-check
import { inTimes } from '../run.js'

/** @import { Result } from '../run.js' */

/** A table in Markdown. @param {readonly string[]} head @param {readonly (readonly string[])[]} rows */
export function tableOf(head, rows) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |`
  return [line(head), `|${head.map(() => '--|').join('')}`, ...rows.map(line)].join('\n')
}

/** @param {Result} result */
export const spreadOf = ({ low, high }) => `${inTimes(low).slice(0, -1)} to ${inTimes(high).slice(0, -1)}`

/** A ratio and its spread; bold where the other was faster in every process. @param {Result} result */
export function cellOf(result) {
  const ratio = result.high < 1 ? `**${inTimes(result.ratio)}**` : inTimes(result.ratio)
  return `${ratio} (${spreadOf(result)})`
}

/** Requests / commands; commands alone where there are no requests. @param {{ requests?: number, commands: number } | undefined} cost */
export function costOf(cost) {
  if (cost === undefined) return ''
  return cost.requests === undefined ? String(cost.commands) : `${cost.requests}/${cost.commands}`
}
