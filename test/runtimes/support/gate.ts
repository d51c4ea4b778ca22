import type { IncomingMessage, ServerResponse } from 'node:http'
import type { DevServer } from '../../../src/dev/index.ts'

/** Holds requests on their way to Redis for as long as it is shut, so that a test decides what happens meanwhile. */
export class Gate {
  readonly #redis: DevServer
  readonly #held = new Set<() => void>()
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
    for (const go of this.#held) go()
  }

  /** How many requests wait in front of it. Whose sender has gone does not. */
  get waiting(): number {
    return this.#held.size
  }

  async enter(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const body = await bodyOf(request)
    if (this.#against !== undefined && body.includes(`"${this.#against}"`)) await this.#hold(response)
    if (response.destroyed) return
    const answer = await fetch(`${this.#redis.url}/${path}`, {
      method: 'POST',
      headers: { authorization: request.headers.authorization ?? '', 'content-type': 'application/json' },
      body,
    })
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
  }

  async #hold(response: ServerResponse): Promise<void> {
    await new Promise<void>((resolve) => {
      const go = (): void => {
        this.#held.delete(go)
        resolve()
      }
      this.#held.add(go)
      response.once('close', go)
    })
  }
}

export async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text
}
