// @ts-check
import { setTimeout as sleep } from 'node:timers/promises'
import { startDevServer } from 'hybrid-cache/dev'
import { RedisServerEngine } from '../../../dist/dev/engine-redis-server.js'
import { hybridCacheGlobal, overHttp, overTcp } from '../contenders/index.js'
import { CommandCounter } from '../commands.js'
import { plainName } from '../stage.js'
import { nowhere, valuesOf } from '../values.js'

/** @import { Contender, Isolate, Meeting } from '../../../scripts/race/types.d.ts' */

/**
 * What an operation costs: HTTP requests, where there are any, and commands as Upstash bills them, those of scripts included.
 *
 * @typedef {{ requests?: number, commands: number }} Cost
 * @typedef {{ name: string, costs: Readonly<Record<string, Cost | undefined>> }} Bill
 */

const repeats = 10
const valueOf = valuesOf(800)

/** One library, in two isolates that know each other already. */
class Customer {
  #count = 0
  #name
  #one
  #other

  /** @param {string} name @param {Isolate} one @param {Isolate} other */
  constructor(name, one, other) {
    this.#name = name
    this.#one = one
    this.#other = other
  }

  /** @param {Pick<Contender, 'name' | 'shared'>} contender @param {Omit<Meeting, 'name'>} meeting */
  static async of(contender, meeting) {
    const name = plainName(`${contender.name}-costs`)
    const isolate = () => contender.shared({ ...meeting, name, source: async (key) => valueOf(key) })
    const customer = new Customer(name, await isolate(), await isolate())
    // First requests, and scripts that Redis does not know yet, are told of elsewhere.
    for (const { before, run } of Object.values(customer.operations())) {
      if (run === undefined) continue
      const keys = customer.#keys(2)
      await before?.(keys)
      await run(keys)
    }
    return customer
  }

  /** @returns {Record<string, { before?: (keys: string[]) => Promise<unknown>, run: ((keys: string[]) => Promise<unknown>) | undefined, each?: number }>} */
  operations() {
    const [one, other] = [this.#one, this.#other]
    const load = (/** @type {string[]} */ keys) => Promise.all(keys.map((key) => read(one, key)))
    const readAll = (/** @type {string[]} */ keys) => inTurn(keys, (key) => other.read(key, nowhereBut(key)))
    const { readTagged, removeByTag } = one
    return {
      'read again': { before: load, run: (keys) => inTurn(keys, (key) => read(one, key)) },
      'read from L2': { before: load, run: readAll },
      'read that again': { before: async (keys) => [await load(keys), await readAll(keys)], run: readAll },
      load: { run: (keys) => inTurn(keys, (key) => read(one, key)) },
      remove: { before: load, run: (keys) => inTurn(keys, (key) => one.remove(key)) },
      'load with a tag': {
        run: readTagged && ((keys) => inTurn(keys, (key) => readTagged(key, async () => valueOf(key), key))),
      },
      'remove by tag': {
        before: (keys) =>
          inTurn(keys, (key) => readTagged?.(key, async () => valueOf(key), key) ?? Promise.resolve()),
        run: removeByTag && ((keys) => inTurn(keys, (key) => removeByTag(key))),
      },
      '100 keys from L2': {
        each: 100,
        before: load,
        run: (keys) =>
          other.readMany?.(keys) ?? Promise.all(keys.map((key) => other.read(key, nowhereBut(key)))),
      },
    }
  }

  /** @param {() => Promise<Cost>} count takes what was counted since it was asked last @returns {Promise<Record<string, Cost | undefined>>} */
  async bill(count) {
    /** @type {Record<string, Cost | undefined>} */
    const bill = {}
    for (const [name, { before, run, each }] of Object.entries(this.operations())) {
      if (run === undefined) continue
      const keys = this.#keys(each ?? repeats)
      await before?.(keys)
      await settled()
      await count()
      await run(keys)
      await settled()
      const { requests, commands } = await count()
      const times = each === undefined ? repeats : 1
      bill[name] = {
        commands: commands / times,
        ...(requests !== undefined && { requests: requests / times }),
      }
    }
    return bill
  }

  async close() {
    await this.#one.close?.()
    await this.#other.close?.()
  }

  #keys(/** @type {number} */ count) {
    return Array.from({ length: count }, () => `${this.#name}-${this.#count++}`)
  }
}

/** @param {Isolate} isolate @param {string} key */
const read = (isolate, key) => isolate.read(key, async () => valueOf(key))

/** @param {string} _key */
const nowhereBut = (_key) => nowhere

/** @param {readonly string[]} keys @param {(key: string) => Promise<unknown>} run */
async function inTurn(keys, run) {
  for (const key of keys) await run(key)
}

/** What goes on behind calls, such as news to other isolates, is counted too. */
const settled = () => sleep(30)

/** Counts what all contenders ask of Redis, by operation. @returns {Promise<Bill[]>} */
export async function costs() {
  const engine = new RedisServerEngine()
  const endpoint = await engine.start()
  const redisUrl = `redis://${endpoint.host}:${endpoint.port}`
  const rest = await startDevServer({ engine: { url: redisUrl } })
  const counter = new CommandCounter(endpoint)
  const meeting = { redisUrl, redisPort: endpoint.port, rest }
  const overRest = async () => {
    const { requests, commands, byCommand } = rest.stats()
    rest.resetStats()
    return { requests, commands: commands - (byCommand['ZREMRANGEBYSCORE'] ?? 0) }
  }
  const overConnection = async () => ({ commands: await counter.take() })
  const bills = []
  try {
    for (const contender of [...overHttp, hybridCacheGlobal, ...overTcp]) {
      const customer = await Customer.of(contender, meeting)
      const count = overTcp.includes(/** @type {Contender} */ (contender)) ? overConnection : overRest
      bills.push({ name: contender.name, costs: await customer.bill(count) })
      await customer.close()
    }
  } finally {
    await counter.close()
    await rest.close()
    await engine.stop()
  }
  return bills
}
