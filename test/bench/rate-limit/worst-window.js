// @ts-check
import { setTimeout as sleep } from 'node:timers/promises'

/** @typedef {import('./subjects.js').Make} Make */

const window = 1000
const limit = 100

/**
 * The most that passed within a window's length. A rest, then far more than the limit at once just before a window of the clock ends,
 * and on and on until the next one ends: what counters of windows are weakest at. A limiter is made anew for each burst, as in a fleet,
 * so that no memory of an isolate helps. A call counts as within a stretch of time if it began and ended in it.
 * @param {Make} make
 */
export async function worstWindow(make) {
  let worst = 0
  for (let run = 0; run < 3; run++) worst = Math.max(worst, await once(make(limit, window)))
  return worst
}

/** @param {() => { limit(id: string): Promise<{ success: boolean }> }} make */
async function once(make) {
  const id = `worst ${Math.random()}`
  /** @type {{ from: number, to: number }[]} */
  const passed = []
  const burst = async (/** @type {number} */ size) => {
    const limiter = make()
    const call = async () => {
      const from = performance.now()
      if ((await limiter.limit(id)).success) passed.push({ from, to: performance.now() })
    }
    await Promise.all(Array.from({ length: size }, call))
  }
  while (Date.now() % window < window - 100 || Date.now() % window > window - 60) await sleep(2)
  await burst(limit * 2)
  const end = performance.now() + window * 1.1
  while (performance.now() < end) {
    await burst(10)
    await sleep(4)
  }
  const inWindow = passed.map(
    ({ from }) => passed.filter((each) => each.from >= from && each.to <= from + window).length,
  )
  return Math.max(...inWindow)
}
