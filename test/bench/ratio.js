// @ts-check
// Absolute times on a shared machine are noise, so that only ratios are told: the contenders of a row take turns in slices so short
// that few of them are interrupted, and the median over all rounds counts.

/**
 * What is measured. `ready` makes ready what the next `loops` runs need, and is not timed.
 *
 * @typedef {{ name: string, run: () => unknown, ready?: (loops: number) => unknown }} Runner
 */

/**
 * Runners that do the same, the first of which is what the others are compared with. `goal`: the ratio that is aimed at. `seconds`:
 * for how long they take turns; `warmUp`: for how long before any of it counts, as engines compile anew what runs often, and what
 * waits for a network runs seldom. `slice`: how long one turn is, in milliseconds.
 *
 * @typedef {{
 *   row: string, runners: readonly Runner[], goal?: number, seconds?: number, warmUp?: number, slice?: number
 * }} Row
 */

/** How long a contender took, as a multiple of the first: the median of one process. @typedef {{ row: string, name: string, ratio: number, goal?: number }} Sample */

const fewestRounds = 7

/** @param {Row} row @returns {Promise<Sample[]>} */
export async function race({ row, runners, goal, seconds = 0.5, warmUp = 0, slice = 1 }) {
  if (warmUp > 0) await takeTurns(runners, { seconds: warmUp, slice })
  const ratios = await takeTurns(runners, { seconds, slice })
  return runners.flatMap(({ name }, i) =>
    i === 0 ? [] : [{ row, name, ratio: median(ratios[i] ?? []), ...(goal !== undefined && { goal }) }],
  )
}

/**
 * How long each took in each round, as a multiple of the first.
 *
 * @param {readonly Runner[]} runners @param {{ seconds: number, slice: number }} length
 */
async function takeTurns(runners, { seconds, slice }) {
  const loops = []
  for (const runner of runners) loops.push(await loopsIn(runner, slice))
  /** @type {number[][]} */
  const ratios = runners.map(() => [])
  const end = Date.now() + seconds * 1000
  for (let round = 0; round < fewestRounds || Date.now() < end; round++) {
    /** @type {number[]} */
    const times = []
    // Each of them begins a round in its turn, so that none always comes behind the same one.
    for (let i = 0; i < runners.length; i++) {
      const at = (round + i) % runners.length
      const [runner, count] = [/** @type {Runner} */ (runners[at]), loops[at] ?? 1]
      times[at] = (await time(runner, count)) / count
    }
    for (const [i, one] of ratios.entries()) one.push((times[i] ?? 0) / (times[0] ?? 1))
  }
  return ratios
}

/** How many runs fill a slice, once the code is warm. @param {Runner} runner @param {number} slice */
async function loopsIn(runner, slice) {
  let loops = 1
  while ((await time(runner, loops)) / 1e6 < 5 * slice) loops *= 2
  const times = [await time(runner, loops), await time(runner, loops), await time(runner, loops)]
  return Math.max(1, Math.round((slice * 1e6 * loops) / median(times)))
}

/** @param {Runner} runner @param {number} loops */
async function time({ run, ready }, loops) {
  if (ready !== undefined) {
    await ready(loops)
    // What that has left behind is not to be cleared away in the time of what is measured.
    globalThis.gc?.({ type: 'minor' })
  }
  const started = process.hrtime.bigint()
  for (let i = 0; i < loops; i++) {
    const outcome = run()
    if (outcome instanceof Promise) await outcome
  }
  return Number(process.hrtime.bigint() - started)
}

/** @param {readonly number[]} numbers */
export function median(numbers) {
  return numbers.toSorted((x, y) => x - y)[numbers.length >> 1] ?? Number.NaN
}
