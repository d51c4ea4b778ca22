// @ts-check
import { setTimeout as sleep } from 'node:timers/promises'
import { call } from './http.js'
import { same, settledCost } from './settle.js'

/** @import { Act, Cost, Expected, Happening, IsolateName, Play, Row, Stage } from './types.d.ts' */

/** @typedef {{ isolate: IsolateName, request: string } & Awaited<ReturnType<typeof call>>} Answer */

/** Something came out otherwise than it should. */
export class Unexpected extends Error {
  /** @override */
  name = 'Unexpected'
}

/** Plays acts on a stage, measures every request, and holds it to what is expected. */
export class Run {
  /** @type {Happening[]} */
  happenings = []
  /** @type {string[]} */
  #revisions = []
  #act = ''
  #stage
  #tell

  /**
   * @param {Stage} stage
   * @param {(happening: Happening) => void} tell Called for everything that happens, as it happens.
   */
  constructor(stage, tell) {
    this.#stage = stage
    this.#tell = tell
  }

  /** @param {readonly Act[]} acts */
  async play(acts) {
    /** @type {Play} */
    const play = {
      ask: (...request) => this.#ask(...request),
      race: (...request) => this.#race(...request),
      pass: (ms, text) => this.#pass(ms, text),
      stopRedis: () => this.#stopRedis(),
      startRedis: () => this.#startRedis(),
    }
    for (const act of acts) {
      this.#act = act.title
      this.#happened({ kind: 'act', text: act.title })
      await act.play(play)
    }
  }

  /**
   * @param {IsolateName} isolate
   * @param {string} request
   * @param {Expected} expected
   * @returns {Promise<Row>}
   */
  async #ask(isolate, request, expected) {
    const { meter } = this.#stage
    const before = await meter.read()
    const answer = await this.#call(isolate, request)
    const known = this.#revisions.length
    const value = this.#nameOf(answer.body)
    const costs = this.#costsOf(expected)
    const cost = await settledCost(meter, before, costs)
    const row = { ...this.#rowOf(answer, expected), value, ...cost }
    const wanted = { ...expected, ...(costs.find((each) => same(each, cost)) ?? costs[0]) }
    return this.#judged(row, compare(row, wanted, this.#revisions.length > known))
  }

  /**
   * @param {string} request
   * @param {readonly [Expected, Expected]} outcomes
   */
  async #race(request, outcomes) {
    const { meter } = this.#stage
    const before = await meter.read()
    const names = /** @type {const} */ (['A', 'B'])
    const answers = await Promise.all(names.map((isolate) => this.#call(isolate, request)))
    const costs = outcomes.map((outcome) => this.#costsOf(outcome)[0])
    const whole = costs.reduce(sum)
    const counted = await settledCost(meter, before, [whole])
    // Which of the two gets which outcome is not known in advance; the rows stand in the order of the outcomes.
    answers.sort((a, b) => rank(a, outcomes) - rank(b, outcomes))
    for (const [i, answer] of answers.entries()) {
      const expected = /** @type {Expected} */ (outcomes[i])
      const row = { ...this.#rowOf(answer, expected), value: null, .../** @type {Cost} */ (costs[i]) }
      const wrong = compare(row, { ...expected, ...costs[i] }, false)
      if (i === 1 && !same(counted, whole))
        wrong.push(`both together: expected ${inWords(whole)}, got ${inWords(counted)}`)
      this.#judged(row, wrong)
    }
  }

  /**
   * @param {IsolateName} isolate
   * @param {string} request
   * @returns {Promise<Answer>}
   */
  async #call(isolate, request) {
    const [method = 'GET', path = '/'] = request.split(' ')
    return { isolate, request, ...(await call(method, this.#stage.isolates[isolate].url + path)) }
  }

  /**
   * @param {Answer} answer
   * @param {Expected} expected
   */
  #rowOf({ isolate, request, status, headers, ms }, { note }) {
    const tier = headers['x-cache']?.toString() ?? null
    return { act: this.#act, isolate, request, note, status, tier, ms: Math.round(ms * 10) / 10 }
  }

  /**
   * @param {Omit<Row, 'wrong'>} row
   * @param {string[]} wrong
   */
  #judged(row, wrong) {
    this.#happened({ kind: 'row', row: { ...row, wrong } })
    if (wrong.length > 0)
      throw new Unexpected(`${row.request} to isolate ${row.isolate}: ${wrong.join('; ')}`)
    return { ...row, wrong }
  }

  /**
   * @param {number} ms
   * @param {string} text
   */
  async #pass(ms, text) {
    await sleep(ms)
    this.#happened({ kind: 'event', text: `${ms / 1000} s later: ${text}` })
  }

  async #stopRedis() {
    await this.#stage.shared.stop()
    this.#happened({ kind: 'event', text: 'Redis is stopped' })
  }

  async #startRedis() {
    await this.#stage.shared.start()
    this.#happened({ kind: 'event', text: this.#stage.shared.afterStart })
  }

  /** @param {Happening} happening */
  #happened(happening) {
    this.happenings.push(happening)
    this.#tell(happening)
  }

  /**
   * What it may cost, the likeliest first.
   *
   * @param {Expected} expected
   * @returns {[Cost, ...Cost[]]}
   */
  #costsOf({ requests, commands, sent = commands, firstUse = false }) {
    if (this.#stage.meter.side === 'server') return [{ requests, commands }]
    const cost = { requests, commands: sent }
    return firstUse ? [cost, { requests: requests - 1, commands: sent - 1 }] : [cost]
  }

  /** @param {string} body */
  #nameOf(body) {
    const revision = /"revision":"([^"]+)"/.exec(body)?.[1]
    if (revision === undefined) return null
    if (!this.#revisions.includes(revision)) this.#revisions.push(revision)
    return `v${this.#revisions.indexOf(revision) + 1}`
  }
}

/**
 * What is not as expected, in words.
 *
 * @param {Omit<Row, 'wrong'>} row
 * @param {Expected} expected
 * @param {boolean} isNew Whether its value was not seen before.
 */
function compare(row, expected, isNew) {
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
function rank({ status }, outcomes) {
  return outcomes.findIndex((outcome) => (outcome.status ?? 200) === status)
}

/**
 * @param {Cost} one
 * @param {Cost} other
 */
function sum(one, other) {
  return { requests: one.requests + other.requests, commands: one.commands + other.commands }
}

/** @param {Cost} cost */
function inWords({ requests, commands }) {
  return `${requests} requests and ${commands} commands`
}
