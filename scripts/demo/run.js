// @ts-check
import { setTimeout as sleep } from 'node:timers/promises'
import { call } from './http.js'
import { between, compare, crowdFaults, hasMade, inWords, rank, sum } from './judge.js'
import { same, settledCost } from './settle.js'

/** @import { Act, Bounded, Cost, Expected, Happening, IsolateName, Play, Row, Stage } from './types.d.ts' */

/** @typedef {{ isolate: IsolateName, request: string } & Awaited<ReturnType<typeof call>>} Answer */

const names = /** @type {const} */ (['A', 'B'])

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
      crowd: (...request) => this.#crowd(...request),
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
    const cost = await settledCost(meter, before, (counted) => costs.some((each) => same(counted, each)))
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
    const answers = await Promise.all(names.map((isolate) => this.#call(isolate, request)))
    const costs = outcomes.map((outcome) => this.#costsOf(outcome)[0])
    const whole = costs.reduce(sum)
    const counted = await settledCost(meter, before, (cost) => same(cost, whole))
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
   * @param {number} size
   * @param {string} request
   * @param {readonly [Expected, Bounded]} outcomes
   */
  async #crowd(size, request, outcomes) {
    const { meter } = this.#stage
    const [maker, other] = outcomes
    const [own] = this.#costsOf(maker)
    const least = sum(own, this.#costsOf(other)[0])
    const most = sum(own, this.#costsOf({ ...other, ...other.most, sent: other.most.requests })[0])
    const loadsBefore = await this.#loads()
    const before = await meter.read()
    const groups = await Promise.all(
      names.map((isolate) => Promise.all(Array.from({ length: size }, () => this.#call(isolate, request)))),
    )
    const counted = await settledCost(meter, before, (cost) => between(cost, least, most))
    const wrong = crowdFaults(groups.flat(), (await this.#loads()) - loadsBefore)
    if (!between(counted, least, most))
      wrong.push(`in all: expected ${inWords(least)} to ${inWords(most)}, got ${inWords(counted)}`)
    groups.sort((a, b) => Number(hasMade(b)) - Number(hasMade(a)))
    const rest = { requests: counted.requests - own.requests, commands: counted.commands - own.commands }
    const known = this.#revisions.length
    const rows = groups.map((answers, i) =>
      this.#crowdRow(answers, outcomes[i] ?? other, i === 0 ? own : rest),
    )
    for (const [i, { tier }] of rows.entries()) {
      if (tier !== outcomes[i]?.tier) wrong.push(`answered by: expected ${outcomes[i]?.tier}, got ${tier}`)
    }
    if (this.#revisions.length !== known + 1) wrong.push('value: expected a new one')
    for (const [i, row] of rows.entries()) this.#judged(row, i === 1 ? wrong : [])
  }

  /**
   * All answers of one isolate: what the request got that did the others' work, and how long the slowest took.
   *
   * @param {readonly Answer[]} answers
   * @param {Expected} expected
   * @param {Cost} cost
   */
  #crowdRow(answers, expected, { requests, commands }) {
    const worked = answers.find(({ headers }) => headers['x-cache'] === expected.tier) ?? answers[0]
    const shown = /** @type {Answer} */ (worked)
    const request = `${answers.length}x ${shown.request}`
    const ms = Math.max(...answers.map((answer) => answer.ms))
    const row = this.#rowOf({ ...shown, request, ms }, expected)
    return { ...row, value: this.#nameOf(shown.body), requests, commands }
  }

  /** How often the isolates have called the origin so far. */
  async #loads() {
    const all = await Promise.all(names.map((isolate) => this.#call(isolate, 'GET /stats')))
    return all.reduce((count, { body }) => count + JSON.parse(body).loads.count, 0)
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
   * @param {Pick<Expected, 'note'>} expected
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
   * @param {Omit<Expected, 'note'>} expected
   * @returns {[Cost, ...Cost[]]}
   */
  #costsOf({ requests, commands, sent = commands, firstUse = 0 }) {
    if (this.#stage.meter.side === 'server') return [{ requests, commands }]
    const cost = { requests, commands: sent }
    const known = Array.from({ length: firstUse }, (_, i) => i + 1)
    return [cost, ...known.map((less) => ({ requests: requests - less, commands: sent - less }))]
  }

  /** @param {string} body */
  #nameOf(body) {
    const revision = /"revision":"([^"]+)"/.exec(body)?.[1]
    if (revision === undefined) return null
    if (!this.#revisions.includes(revision)) this.#revisions.push(revision)
    return `v${this.#revisions.indexOf(revision) + 1}`
  }
}
