// @ts-check
import { sum } from './judge.js'

/** @import { Cost, Expected, IsolateName, Meter } from './types.d.ts' */

/** @typedef {Cost & { news: boolean }} Possible */

/** The `coherence.interval` of the Worker. */
const INTERVAL = 2000

/**
 * When each isolate last looked at the log: at most once per interval a read does that too, which is a command more. Whether it
 * is due is known up to the milliseconds that a request takes; where it could be either way, either is right.
 */
export class Looks {
  /** @type {{ [Name in IsolateName]?: { from: number, to: number } }} */
  #last = {}

  /**
   * What a request that was answered just now may have cost, the likeliest first.
   *
   * @param {Pick<Meter, 'side'>} meter
   * @param {{ isolate: IsolateName, request: string, started: number }} answer
   * @param {Expected} expected
   * @returns {[Possible, ...Possible[]]}
   */
  costs(meter, { isolate, request, started }, expected) {
    const usual = possible(meter, expected, false)
    const last = this.#last[isolate]
    if (last === undefined || !request.startsWith('GET ') || expected.requests === 0) return usual
    const due = possible(meter, dueOf(expected), true)
    if (started - last.to >= INTERVAL) return due
    return performance.now() - last.from >= INTERVAL ? [...usual, ...due] : usual
  }

  /**
   * @param {{ isolate: IsolateName, started: number }} answer
   * @param {Expected} expected
   * @param {Possible} cost
   */
  note({ isolate, started }, { commands }, { requests, news }) {
    const isFirst = requests > 0 && this.#last[isolate] === undefined
    const isAnswered = commands > 0 // else Redis is down
    if (isAnswered && (news || isFirst)) this.#last[isolate] = { from: started, to: performance.now() }
  }

  /** @param {IsolateName} isolate One that may have looked, or not. */
  blur(isolate) {
    const { from = performance.now() } = this.#last[isolate] ?? {}
    this.#last[isolate] = { from, to: performance.now() }
  }
}

/**
 * The same with a look at the log. While Redis is down each attempt carries one, and none runs.
 *
 * @param {Expected} expected
 * @returns {Expected}
 */
function dueOf({ due, ...expected }) {
  const { requests, commands, sent = commands } = expected
  const isDown = commands === 0
  const more = { commands: isDown ? 0 : commands + 1, sent: sent + (isDown ? requests : 1) }
  return { ...expected, ...more, ...due }
}

/**
 * What it costs, and what it would cost less where Redis knows the scripts.
 *
 * @param {Pick<Meter, 'side'>} meter
 * @param {Expected} expected
 * @returns {[Cost, ...Cost[]]}
 */
export function costsOf({ side }, { requests, commands, sent = commands, firstUse = 0 }) {
  if (side === 'server') return [{ requests, commands }]
  const known = Array.from({ length: firstUse }, (_, i) => i + 1)
  return [
    { requests, commands: sent },
    ...known.map((less) => ({ requests: requests - less, commands: sent - less })),
  ]
}

/**
 * @param {Pick<Meter, 'side'>} meter
 * @param {Expected} expected
 * @param {boolean} news
 */
function possible(meter, expected, news) {
  const costs = costsOf(meter, expected).map(({ requests, commands }) => ({ requests, commands, news }))
  return /** @type {[Possible, ...Possible[]]} */ (costs)
}

/**
 * @param {Possible} one
 * @param {Possible} other
 */
export function total(one, other) {
  return { ...sum(one, other), news: false }
}
