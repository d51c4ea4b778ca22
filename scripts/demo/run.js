// @ts-check
import { setTimeout as sleep } from 'node:timers/promises'
import { call } from './http.js'
import { between, compare, crowdFaults, hasMade, inWords, rank, sum, together } from './judge.js'
import { costsOf, Looks, total } from './looks.js'
import { answered, overheard, same, settledCost } from './settle.js'

/** @import { Act, Bounded, Cost, Expected, Happening, IsolateName, Play, Row, Scene, Stage } from './types.d.ts' */

/** @import { Possible } from './looks.js' */

/** @typedef {{ isolate: IsolateName, request: string, started: number } & Awaited<ReturnType<typeof call>>} Answer */

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
  #looks = new Looks()
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
      meanwhile: (paths, scene) => this.#meanwhile(paths, scene),
      crowd: (...request) => this.#crowd(...request),
      pass: (ms, text) => this.#pass(ms, text),
      forgets: this.#stage.shared.forgets,
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
    const costs = this.#looks.costs(meter, answer, expected)
    const counted = await settledCost(meter, before, (cost) => costs.some((each) => same(cost, each)))
    const wanted = costs.find((each) => same(each, counted)) ?? costs[0]
    return this.#row(answer, expected, { wanted, counted })
  }

  /**
   * @param {Answer} answer
   * @param {Expected} expected
   * @param {{ wanted: Possible, counted: Cost, wrong?: string[] }} cost
   */
  #row(answer, expected, { wanted, counted, wrong = [] }) {
    this.#looks.note(answer, expected, wanted)
    const known = this.#revisions.length
    const value = this.#nameOf(answer.body)
    const { news } = wanted
    const row = { ...this.#rowOf(answer, expected), value, ...counted, news }
    const note = news && row.note.length <= 31 ? `${row.note} + poll` : row.note
    const { requests, commands } = wanted
    const faults = compare(row, { ...expected, requests, commands }, this.#revisions.length > known)
    return this.#judged({ ...row, note }, [...faults, ...wrong])
  }

  /**
   * @param {readonly string[]} paths
   * @param {(path: string) => Scene} scene
   */
  async #meanwhile(paths, scene) {
    for (const path of paths) if (await this.#overlaps(scene(path))) return path
    throw new Unexpected(`this machine is too slow for "${this.#act}": B was late each time`)
  }

  /**
   * Whether the second request was in time. If not, there is nothing to show, and nothing is counted.
   *
   * @param {Scene} scene
   */
  async #overlaps(scene) {
    const { meter } = this.#stage
    const [first, second] = scene
    const before = await meter.read()
    let isOver = false
    const loading = this.#call(first[0], first[1]).finally(() => (isOver = true))
    await answered(meter, before)
    const answer = await this.#call(second[0], second[1])
    await overheard()
    const isLate = isOver
    const answers = [await loading, answer]
    if (!isLate) {
      await this.#showTogether(scene, answers, before)
      return true
    }
    await settledCost(meter, before, () => true)
    for (const [isolate] of scene) this.#looks.blur(isolate)
    return false
  }

  /**
   * @param {Scene} scene
   * @param {readonly Answer[]} answers
   * @param {Cost} before
   */
  async #showTogether([first, second], answers, before) {
    const { meter } = this.#stage
    const outcomes = [first[2], second[2]]
    const [own, others] = answers.map((answer, i) =>
      this.#looks.costs(meter, answer, /** @type {Expected} */ (outcomes[i])),
    )
    const pairs = (own ?? []).flatMap((one) => (others ?? []).map((other) => [one, other]))
    const counted = await settledCost(meter, before, (cost) =>
      pairs.some((pair) => same(cost, pair.reduce(total))),
    )
    const pair = pairs.find((each) => same(counted, each.reduce(total))) ?? pairs[0] ?? []
    const whole = pair.reduce(total)
    const wrong = same(counted, whole) ? [] : [together(whole, counted)]
    for (const [i, answer] of answers.entries()) {
      const wanted = /** @type {Possible} */ (pair[i])
      const cost = { wanted, counted: wanted, wrong: i === 1 ? wrong : [] }
      this.#row(answer, /** @type {Expected} */ (outcomes[i]), cost)
    }
  }

  /**
   * @param {string} request
   * @param {readonly [Expected, Expected]} outcomes
   */
  async #race(request, outcomes) {
    const { meter } = this.#stage
    const before = await meter.read()
    const answers = await Promise.all(names.map((isolate) => this.#call(isolate, request)))
    const costs = outcomes.map((outcome) => costsOf(meter, outcome)[0])
    const whole = costs.reduce(sum)
    const counted = await settledCost(meter, before, (cost) => same(cost, whole))
    // Which of the two gets which outcome is not known in advance; the rows stand in the order of the outcomes.
    answers.sort((a, b) => rank(a, outcomes) - rank(b, outcomes))
    for (const [i, answer] of answers.entries()) {
      const expected = /** @type {Expected} */ (outcomes[i])
      const cost = /** @type {Cost} */ (costs[i])
      const wrong = i === 1 && !same(counted, whole) ? [together(whole, counted)] : []
      this.#row(answer, expected, { wanted: { ...cost, news: false }, counted: cost, wrong })
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
    const [own] = costsOf(meter, maker)
    const least = sum(own, costsOf(meter, other)[0])
    // Either isolate may have to poll the change log.
    const { requests, commands } = sum(
      own,
      costsOf(meter, { ...other, ...other.most, sent: other.most.requests })[0],
    )
    const most = { requests, commands: commands + names.length }
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
    for (const isolate of names) this.#looks.blur(isolate)
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
    return { ...row, value: this.#nameOf(shown.body), requests, commands, news: false }
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
    const started = performance.now()
    const answer = await call(method, this.#stage.isolates[isolate].url + path)
    return { isolate, request, started, ...answer }
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

  /** @param {string} body */
  #nameOf(body) {
    const revision = /"revision":"([^"]+)"/.exec(body)?.[1]
    if (revision === undefined) return null
    if (!this.#revisions.includes(revision)) this.#revisions.push(revision)
    return `v${this.#revisions.indexOf(revision) + 1}`
  }
}
