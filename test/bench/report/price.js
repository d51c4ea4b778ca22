// @ts-check
/** @import { Bill, Cost } from '../groups/costs.js' */

/** Of a million requests: what is asked for again where it was asked for lately; what another isolate has loaded; what is nowhere; and writes. */
export const mix = { again: 880_000, elsewhere: 90_000, nowhere: 20_000, removals: 10_000 }

// Pay as you go, a single region: https://upstash.com/pricing/redis
const dollarsACommand = 0.2 / 100_000

/**
 * What a million requests of the mix come to. `most` counts a look at the log with every read that goes to Redis, the most that
 * there can be of them; at its default of one in five seconds an isolate that is busy has far fewer.
 *
 * @typedef {{ commands: number, dollars: number, most: number, mostDollars: number }} Price
 * @param {Bill} bill @returns {Price}
 */
export function priceOf({ name, costs }) {
  const of = (/** @type {string} */ what) => /** @type {Cost} */ (costs[what]).commands
  const read = mix.elsewhere + mix.nowhere
  const commands =
    mix.again * ((of('read that again') * mix.elsewhere + of('read again') * mix.nowhere) / read) +
    mix.elsewhere * of('read from L2') +
    mix.nowhere * of('load') +
    mix.removals * of('remove')
  const most = commands + (name.startsWith('hybrid-cache') ? read : 0)
  return { commands, dollars: commands * dollarsACommand, most, mostDollars: most * dollarsACommand }
}
