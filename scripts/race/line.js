// @ts-check
import { connect, createServer } from 'node:net'

/** @import { Socket } from 'node:net' */
/** @import { Gate } from './gate.js' */

/** A way to a server on this machine, on which a reply can be held back. What Redis publishes passes all the same. */
export class Line {
  #server = createServer((client) => this.#carry(client))
  /** @type {Set<Socket>} */
  #sockets = new Set()
  /** @type {{ text: string, gate: Gate } | undefined} */
  #held
  #target

  /** @param {number} target */
  constructor(target) {
    this.#target = target
  }

  /** Which port leads to it. @returns {Promise<number>} */
  open() {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(0, '127.0.0.1', () => {
        const address = this.#server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      })
    })
  }

  /** Holds back the next reply with this text, and whatever comes behind it on its connection. @param {string} text @param {Gate} gate */
  hold(text, gate) {
    this.#held = { text, gate }
  }

  close() {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  /** @param {Socket} client */
  #carry(client) {
    const server = connect(this.#target, '127.0.0.1')
    this.#tie(client, server)
    this.#tie(server, client)
    client.pipe(server)
    let before = Promise.resolve()
    server.on('data', (chunk) => {
      const held = this.#held
      const holds = held !== undefined && chunk.includes(held.text)
      if (holds) this.#held = undefined
      before = before.then(() => (holds ? held.gate.pass() : undefined)).then(() => void client.write(chunk))
    })
  }
  /** The one ends with the other. @param {Socket} one @param {Socket} other */
  #tie(one, other) {
    this.#sockets.add(one)
    one.on('error', () => other.destroy())
    one.on('close', () => other.destroy())
  }
}
