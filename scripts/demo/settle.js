// @ts-check
import { setTimeout as sleep } from 'node:timers/promises'

/** @typedef {import('./types.d.ts').Cost} Cost */

const STEP = 10
const QUIET = 60
const LIMIT = 3000

/**
 * What Redis was asked for since `before`, background work included: waits until that is as expected, or the limit is up, and
 * until nothing more has come for a while, so that a cost too many does not go unseen.
 *
 * @param {import('./types.d.ts').Meter} meter
 * @param {Cost} before
 * @param {(cost: Cost) => boolean} isExpected
 * @returns {Promise<Cost>}
 */
export async function settledCost(meter, before, isExpected) {
  const started = performance.now()
  let cost = await since(meter, before)
  let changed = started
  for (;;) {
    await sleep(STEP)
    const next = await since(meter, before)
    const now = performance.now()
    if (!same(next, cost) || !meter.idle()) changed = now
    cost = next
    if (now - changed >= QUIET && (isExpected(cost) || now - started >= LIMIT)) return cost
    if (now - started >= 2 * LIMIT) return cost
  }
}

/**
 * @param {import('./types.d.ts').Meter} meter
 * @param {Cost} before
 */
async function since(meter, before) {
  const { requests, commands } = await meter.read()
  return { requests: requests - before.requests, commands: commands - before.commands }
}

/**
 * @param {Cost} one
 * @param {Cost} other
 */
export function same(one, other) {
  return one.requests === other.requests && one.commands === other.commands
}

/**
 * Until Redis has answered something.
 *
 * @param {import('./types.d.ts').Meter} meter
 * @param {Cost} before
 */
export async function answered(meter, before) {
  for (let round = 0; round < 100; round++) {
    if ((await meter.read()).commands > before.commands && meter.idle()) return
    await sleep(5)
  }
}

/** Until what an isolate has answered before now has been read, too: on a busy machine the order of reading says little. */
export function overheard() {
  return sleep(QUIET)
}
