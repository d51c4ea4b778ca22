// @ts-check
import { median } from '../ratio.js'

const loops = 10
const rounds = 301

/**
 * Two checks take turns in short slices of one run: how long one takes as a multiple of the other, by the median over all pairs of
 * slices, and from the lowest to the highest tenth.
 *
 * @param {() => unknown} one @param {() => unknown} other
 */
export async function compare(one, other) {
  /** @type {number[]} */
  const ratios = []
  for (let round = 0; round < rounds; round++) {
    const [first, second] = round % 2 === 0 ? [other, one] : [one, other]
    const [a, b] = [await time(first), await time(second)]
    ratios.push(first === other ? b / a : a / b)
  }
  const sorted = ratios.toSorted((x, y) => x - y)
  const at = (/** @type {number} */ share) => sorted[Math.floor(share * (rounds - 1))] ?? Number.NaN
  return { ratio: median(ratios), low: at(0.1), high: at(0.9) }
}

/** @param {() => unknown} run */
async function time(run) {
  const started = process.hrtime.bigint()
  for (let i = 0; i < loops; i++) await run()
  return Number(process.hrtime.bigint() - started)
}
