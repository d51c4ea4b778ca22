import type { IncomingMessage, ServerResponse } from 'node:http'
import type { DevServer } from '../../../src/dev/index.ts'

/** Requests that wait until a test lets them go on. */
class Held {
  readonly #waiting = new Set<() => void>()
  /** How many senders went while they waited. */
  lost = 0

  /** How many there are. Whose sender has gone does not wait. */
  get size(): number {
    return this.#waiting.size
  }

  async add(response: ServerResponse): Promise<void> {
    await new Promise<void>((resolve) => {
      const go = (): void => {
        this.#waiting.delete(go)
        resolve()
      }
      this.#waiting.add(go)
      response.once('close', () => {
        if (this.#waiting.has(go)) this.lost++
        go()
      })
    })
  }

  release(): void {
    for (const go of this.#waiting) go()
  }
}

/** Holds requests on their way to Redis for as long as it is shut, so that a test decides what happens meanwhile. */
export class Gate {
  readonly #redis: DevServer
  readonly #held = new Held()
  #against: string | undefined

  constructor(redis: DevServer) {
    this.#redis = redis
  }

  /** Holds what asks for this command. */
  shut(against: string): void {
    this.#against = against
  }

  open(): void {
    this.#against = undefined
    this.#held.release()
  }

  /** How many requests wait in front of it. Whose sender has gone does not. */
  get waiting(): number {
    return this.#held.size
  }

  /** How many senders went while they waited in front of it. */
  get lost(): number {
    return this.#held.lost
  }

  async enter(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const body = await bodyOf(request)
    if (this.#against !== undefined && body.includes(`"${this.#against}"`)) await this.#held.add(response)
    if (response.destroyed) return
    const answer = await fetch(`${this.#redis.url}/${path}`, {
      method: 'POST',
      headers: { authorization: request.headers.authorization ?? '', 'content-type': 'application/json' },
      body,
    })
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
  }
}

/** Where the values of a cache come from. Counts the calls for each, and answers at once unless it is shut. */
export class Origin {
  readonly #held = new Held()
  readonly #calls = new Map<string, number>()
  #isShut = false

  shut(): void {
    this.#isShut = true
  }

  open(): void {
    this.#isShut = false
    this.#held.release()
  }

  /** How many calls wait for an answer. */
  get waiting(): number {
    return this.#held.size
  }

  /** How many callers went while they waited. */
  get lost(): number {
    return this.#held.lost
  }

  calls(name: string): number {
    return this.#calls.get(name) ?? 0
  }

  async answer(response: ServerResponse, name: string): Promise<void> {
    const calls = this.calls(name) + 1
    this.#calls.set(name, calls)
    if (this.#isShut) await this.#held.add(response)
    response.end(`${name} ${calls}`)
  }
}

export async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text
}
