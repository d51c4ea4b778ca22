import { type CacheError, isCacheError, networkError } from '../errors.ts'
import { sleep, type Subscribe } from '../redis/index.ts'
import { type Clock, isRequestBound } from '../runtime.ts'

export interface ListenerParts {
  readonly subscribe: Subscribe
  readonly channel: string
  readonly clock: Clock
  onOpen(): void
  onMessage(message: string): void
  /** An attempt failed. */
  onFailure(error: unknown): void
}

const longestWait = 10_000
const firstPause = 500
const longestPause = 60_000
/** A connection that lasted this long was a good one: the next attempt need not wait. */
const settledAfter = 30_000

/** Holds a connection, and reopens it whenever it ends, at growing intervals while that fails. */
export class Listener {
  connected = false
  connections = 0
  readonly #parts: ListenerParts
  readonly #closed = new AbortController()
  #started = false
  #failures = 0
  #endNow: ((doubtful: boolean) => void) | undefined

  constructor(parts: ListenerParts) {
    this.#parts = parts
  }

  /** Not where a connection ends with the request that made it. */
  open(): void {
    if (this.#started || isRequestBound()) return
    this.#started = true
    if (!this.#closed.signal.aborted) void this.#run()
  }

  /** The connection seems to be dead: opens a new one. */
  restart(): void {
    this.#endNow?.(true)
  }

  close(): void {
    this.#started = true
    this.#closed.abort()
    this.#endNow?.(false)
  }

  async #run(): Promise<void> {
    const { clock } = this.#parts
    for (;;) {
      const good = await this.#hold()
      if (this.#closed.signal.aborted) return
      this.#failures = good ? 0 : this.#failures + 1
      const pause = Math.min(firstPause * 2 ** Math.min(this.#failures, 10), longestPause)
      await sleep(pause * (0.5 + Math.random() / 2), clock, this.#closed.signal).catch(() => undefined)
      if (this.#closed.signal.aborted) return
    }
  }

  /** One connection, until it ends; whether it was a good one. Never rejects, and leaves nothing behind. */
  #hold(): Promise<boolean> {
    const { subscribe, channel, clock, onOpen, onMessage, onFailure } = this.#parts
    const attempt = new AbortController()
    return new Promise((resolve) => {
      let openedAt = Infinity
      let over = false
      const end = (failure: unknown, doubtful = false): void => {
        if (over) return
        over = true
        this.connected = false
        this.#endNow = undefined
        clock.clearTimeout(timer)
        attempt.abort()
        const plain = openedAt !== Infinity && !isCacheError(failure) // connections end, and are reopened
        if (!plain && !this.#closed.signal.aborted) onFailure(failure ?? unconfirmed())
        resolve(!doubtful && clock.monotonic() - openedAt >= settledAfter)
      }
      const timer = clock.setTimeout(() => end(unconfirmed()), longestWait)
      this.#endNow = (doubtful) => end(undefined, doubtful)
      const opened = (): void => {
        if (over || openedAt !== Infinity) return
        clock.clearTimeout(timer)
        openedAt = clock.monotonic()
        this.connected = true
        this.connections++
        onOpen()
      }
      const heard = (message: string): void => {
        opened()
        if (!over) onMessage(message)
      }
      const work = async (): Promise<void> =>
        subscribe(channel, { signal: attempt.signal, onOpen: opened, onMessage: heard })
      work().then(
        () => end(undefined),
        (failure: unknown) => end(failure),
      )
    })
  }
}

function unconfirmed(): CacheError {
  return networkError('the connection for push was not confirmed')
}
