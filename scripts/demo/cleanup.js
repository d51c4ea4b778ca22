// @ts-check

/** What has to be undone at the end, in the reverse order, however the end comes. */
export class Cleanup {
  /** @type {(() => unknown)[]} */
  #steps = []
  /** @type {Promise<void> | undefined} */
  #running

  /**
   * Once the end has begun, `step` runs at once: what starts while Ctrl-C is being handled must not stay behind.
   *
   * @param {() => unknown} step
   */
  add(step) {
    if (this.#running === undefined) this.#steps.push(step)
    else this.#running = this.#running.then(() => attempt(step))
  }

  /** Runs every step, once; never rejects. May be called again. */
  async run() {
    this.#running ??= this.#runAll()
    await this.#running
  }

  async #runAll() {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) await attempt(step)
  }
}

/** @param {() => unknown} step */
async function attempt(step) {
  try {
    await step()
  } catch (error) {
    process.stderr.write(`cleaning up: ${error instanceof Error ? error.message : String(error)}\n`)
  }
}
