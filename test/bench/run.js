// @ts-check
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { races } from './groups/index.js'
import { median } from './ratio.js'

/** @import { Sample } from './ratio.js' */

/**
 * A ratio: the median of some processes, of each of which it is the median over all rounds, and the lowest and the highest of them.
 *
 * @typedef {{ group: string, row: string, name: string, ratio: number, low: number, high: number, goal?: number | undefined }} Result
 */

const child = fileURLToPath(new URL('child.js', import.meta.url))

/** What a group gives, in a process of its own. @param {string} name @returns {Promise<any>} */
export async function inProcess(name) {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', child, name], {
    maxBuffer: 2 ** 24,
  })
  return JSON.parse(stdout)
}

/** Runs a race in as many processes as it wants. @param {string} group @returns {Promise<{ results: Result[], remarks: string[] }>} */
export async function runRace(group) {
  /** @type {Sample[][]} */
  const runs = []
  /** @type {string[]} */
  let remarks = []
  for (let i = 0; i < (races[group]?.runs ?? 0); i++) {
    const outcome = await inProcess(group)
    runs.push(outcome.samples)
    remarks = outcome.remarks
  }
  const results = (runs[0] ?? []).map(({ row, name, goal }, i) => {
    const ratios = runs.map((samples) => samples[i]?.ratio ?? Number.NaN)
    const [low, high] = [Math.min(...ratios), Math.max(...ratios)]
    return { group, row, name, ratio: rounded(median(ratios)), low: rounded(low), high: rounded(high), goal }
  })
  return { results, remarks }
}

/** @param {number} ratio */
const rounded = (ratio) => Number(ratio.toPrecision(3))

/** In the form in which ratios are printed. @param {number} ratio */
export const inTimes = (ratio) => `${ratio < 0.1 ? ratio.toFixed(3) : ratio.toFixed(2)}x`
