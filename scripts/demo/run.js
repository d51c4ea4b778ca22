// @ts-check
import { setTimeout as sleep } from 'node:timers/promises'
import { call } from './http.js'
import { settledCost } from './settle.js'

/** @import { Act, Expected, Happening, IsolateName, Play, Row, Stage } from './types.d.ts' */

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
    const { meter, isolates } = this.#stage
    const before = await meter.read()
    const [method = 'GET', path = '/'] = request.split(' ')
    const { status, headers, body, ms } = await call(method, isolates[isolate].url + path)
    const cost = this.#costOf(expected)
    const known = this.#revisions.length
    const row = {
      act: this.#act,
      isolate,
      request,
      note: expected.note,
      status,
      tier: headers['x-cache']?.toString() ?? null,
      value: this.#nameOf(body),
      ms: Math.round(ms * 10) / 10,
      ...(await settledCost(meter, before, cost)),
    }
    const wrong = compare(row, { ...expected, ...cost }, this.#revisions.length > known)
    this.#happened({ kind: 'row', row: { ...row, wrong } })
    if (wrong.length > 0) throw new Unexpected(`${request} to isolate ${isolate}: ${wrong.join('; ')}`)
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

  /** @param {Expected} expected */
  #costOf({ requests, commands, sent = commands }) {
    return { requests, commands: this.#stage.meter.side === 'server' ? commands : sent }
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
