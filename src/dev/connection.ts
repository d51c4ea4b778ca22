import type { Endpoint } from './engine.ts'
import { EngineUnavailableError } from './engine-unavailable.ts'
import { openLink, type Link } from './link.ts'
import type { Command, Reply } from './resp.ts'

/**
 * One pipelined connection to the engine. It connects when the first command needs it and again when the engine
 * has come back; there is no timer: with the engine down, every call finds that out by itself, at once.
 */
export class Connection {
  readonly #endpoint: () => Endpoint | undefined
  #opening: Promise<Link> | undefined

  constructor(endpoint: () => Endpoint | undefined) {
    this.#endpoint = endpoint
  }

  /**
   * Sends the commands as one contiguous block and gives their replies in order. Rejects with
   * {@link EngineUnavailableError} when the engine is down or dies before the last reply.
   */
  async send(commands: readonly Command[]): Promise<Reply[]> {
    if (commands.length === 0) return []
    const link = await (this.#opening ??= this.#open())
    return link.send(commands)
  }

  /** Ends the connection; what is in flight fails. The next command connects again. */
  async drop(): Promise<void> {
    const opening = this.#opening
    this.#opening = undefined
    const link = await opening?.catch(() => undefined)
    link?.destroy()
  }

  #open(): Promise<Link> {
    const opening = this.#connect(() => this.#forget(opening))
    opening.catch(() => this.#forget(opening))
    return opening
  }

  async #connect(onClose: () => void): Promise<Link> {
    const endpoint = this.#endpoint()
    if (endpoint === undefined) throw new EngineUnavailableError('the Redis engine is stopped')
    return openLink(endpoint, onClose)
  }

  #forget(opening: Promise<Link>): void {
    if (this.#opening === opening) this.#opening = undefined
  }
}
