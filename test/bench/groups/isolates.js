// @ts-check
import { plainName } from '../stage.js'
import { nowhere, valuesOf } from '../values.js'

/** @import { Contender, Isolate } from '../../../scripts/race/types.d.ts' */

const valueOf = valuesOf(3000)

/** Two isolates of a library: what one has loaded, the other finds in Redis. */
export class Pair {
  /** @type {readonly string[]} */
  #fresh = []
  #count = 0
  #next = 0
  #name
  #writer
  #reader

  /** @param {string} name @param {Isolate} writer @param {Isolate} reader */
  constructor(name, writer, reader) {
    this.#name = name
    this.#writer = writer
    this.#reader = reader
  }

  /**
   * @param {Pick<Contender, 'name' | 'shared'>} contender @param {import('../stage.js').Stage} stage
   * @param {string} purpose
   */
  static async of(contender, { meeting }, purpose) {
    const name = plainName(`${contender.name}-${purpose}`)
    const writer = await contender.shared({ ...meeting, name, source: async (key) => valueOf(key) })
    const reader = await contender.shared({ ...meeting, name, source: nowhere })
    // What an isolate asks only once is not what a read costs.
    await writer.read(`${name}-first`, async () => valueOf(`${name}-first`))
    await reader.read(`${name}-first`, nowhere)
    return new Pair(name, writer, reader)
  }

  /** So many keys that are in Redis, and in no memory but the writer's. @param {number} count */
  async store(count) {
    this.#fresh = Array.from({ length: count }, () => this.#newKey())
    this.#next = 0
    for (let i = 0; i < count; i += 100)
      await Promise.all(this.#fresh.slice(i, i + 100).map((key) => this.#load(key)))
  }

  /** Reads one of them. */
  read() {
    return this.#reader.read(/** @type {string} */ (this.#fresh[this.#next++]), nowhere)
  }

  /** Reads many of them: by the call that the library has for that, or else at once. @param {number} count */
  readMany(count) {
    const keys = this.#fresh.slice(this.#next, this.#next + count)
    this.#next += count
    if (this.#reader.readMany !== undefined) return this.#reader.readMany(keys)
    return Promise.all(keys.map((key) => this.#reader.read(key, nowhere)))
  }

  /** Reads many of them, each by a call of its own, in one tick. @param {number} count */
  readInOneTick(count) {
    return Promise.all(Array.from({ length: count }, () => this.read()))
  }

  /** Loads what is nowhere. */
  load() {
    return this.#load(this.#newKey())
  }

  async close() {
    await this.#writer.close?.()
    await this.#reader.close?.()
  }

  /** @param {string} key */
  #load(key) {
    return this.#writer.read(key, async () => valueOf(key))
  }

  #newKey() {
    return `${this.#name}-${this.#count++}`
  }
}
