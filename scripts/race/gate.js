// @ts-check

/** Where a load waits until the race lets it go on. */
export class Gate {
  /** Resolves when the load is there. @type {Promise<void>} */
  reached
  /** Lets it go on. */
  open = () => {}
  #reach = () => {}
  /** @type {Promise<void>} */
  #opened

  constructor() {
    this.reached = new Promise((resolve) => (this.#reach = resolve))
    this.#opened = new Promise((resolve) => (this.open = resolve))
  }

  pass() {
    this.#reach()
    return this.#opened
  }
}
