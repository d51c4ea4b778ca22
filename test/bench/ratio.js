// @ts-check
// Absolute times on a shared machine are noise, so that only ratios are told: a contender and its floor take turns in short
// slices of one run, and the median over all pairs of slices counts.

/**
 * @typedef {{ name: string, limit: number, floor: () => unknown, contender: () => unknown, loops: number, rounds?: number }} Pair
 * @typedef {{ name: string, ratio: number, low: number, high: number, limit: number }} Result
 */

/** @param {Pair} pair @returns {Promise<Result>} */
export async function measure({ name, limit, floor, contender, loops, rounds = 41 }) {
  /** @type {number[]} */
  const ratios = []
  for (let round = 0; round < rounds; round++) {
    const first = round % 2 === 0 ? floor : contender
    const second = first === floor ? contender : floor
    const [a, b] = [await time(first, loops), await time(second, loops)]
    ratios.push(first === floor ? b / a : a / b)
  }
  ratios.sort((x, y) => x - y)
  const at = (/** @type {number} */ share) => ratios[Math.floor(share * (rounds - 1))] ?? Number.NaN
  return { name, ratio: at(0.5), low: at(0.1), high: at(0.9), limit }
}

/** @param {() => unknown} run @param {number} loops */
async function time(run, loops) {
  const started = process.hrtime.bigint()
  for (let i = 0; i < loops; i++) {
    const outcome = run()
    if (outcome instanceof Promise) await outcome
  }
  return Number(process.hrtime.bigint() - started)
}

/** @param {readonly Result[]} results */
export function print(results) {
  const width = Math.max(...results.map(({ name }) => name.length))
  console.log(`${'x the floor, median (10 % to 90 %)'.padEnd(width)}   ratio    spread         at most`)
  for (const { name, ratio, low, high, limit } of results) {
    const verdict = limit === Infinity ? 'no limit' : `${limit.toFixed(2)}x${ratio <= limit ? '' : '  ABOVE'}`
    const spread = `${low.toFixed(2)} to ${high.toFixed(2)}`
    console.log(`${name.padEnd(width)}   ${ratio.toFixed(2)}x    ${spread.padEnd(13)}  ${verdict}`)
  }
}
