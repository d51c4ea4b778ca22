// @ts-check
import { Connection } from '../../dist/dev/connection.js'
import { command } from '../../dist/dev/resp.js'

// What a client says when it connects, and who counts.
const ofTheWay = /^(auth|client|command|config|hello|info|ping|psubscribe|select|subscribe|script\|load)/

/** Counts what a Redis has run, the commands of scripts included: what Upstash would bill. Without the trim of the log, one in 256 writes. */
export class CommandCounter {
  #connection

  /** @param {{ host: string, port: number }} endpoint */
  constructor(endpoint) {
    this.#connection = new Connection(() => endpoint)
  }

  /** How many since it was asked last. */
  async take() {
    const [reply] = await this.#connection.send([command('INFO', 'commandstats')])
    await this.#connection.send([command('CONFIG', 'RESETSTAT')])
    const text = /** @type {{ bytes: Buffer }} */ (/** @type {unknown} */ (reply)).bytes.toString()
    const calls = [...text.matchAll(/^cmdstat_([\w|]+):calls=(\d+)/gm)]
    const counted = calls.filter(([, name = '']) => !ofTheWay.test(name) && name !== 'zremrangebyscore')
    return counted.reduce((sum, [, , times]) => sum + Number(times), 0)
  }

  close() {
    return this.#connection.drop()
  }
}
