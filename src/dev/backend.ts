import { Connection } from './connection.ts'
import type { Endpoint, Engine } from './engine.ts'
import { command } from './resp.ts'
import { Subscriptions } from './subscriptions.ts'

/** The engine and the connection to it, as one thing that can be switched off and on. */
export class Backend {
  readonly connection: Connection = new Connection(() => this.#endpoint)
  readonly subscriptions: Subscriptions = new Subscriptions(() => this.#endpoint)
  readonly #engine: Engine
  #endpoint: Endpoint | undefined
  #closed = false
  /** Starts and stops run one after the other, in the order asked for. */
  #last: Promise<void> = Promise.resolve()

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** Does nothing when it runs already; brings it back when it has died by itself. */
  start(): Promise<void> {
    return this.#next(async () => {
      if (this.#closed) throw new Error('the local server is closed')
      if (await this.#answers()) return
      await this.#stopEngine()
      this.#endpoint = await this.#engine.start()
      // One that was started here says so itself; one that runs elsewhere may not be there.
      await this.connection.send([command('PING')])
    })
  }

  stop(): Promise<void> {
    return this.#next(() => this.#stopEngine())
  }

  /** Stops it for good. */
  close(): Promise<void> {
    this.#closed = true
    return this.stop()
  }

  async #answers(): Promise<boolean> {
    if (this.#endpoint === undefined) return false
    return this.connection.send([command('PING')]).then(
      () => true,
      () => false,
    )
  }

  async #stopEngine(): Promise<void> {
    this.#endpoint = undefined
    this.subscriptions.endAll()
    await this.connection.drop()
    await this.#engine.stop()
  }

  #next(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => undefined)
    return done
  }
}
