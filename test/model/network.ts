import { AsyncLocalStorage } from 'node:async_hooks'
import type { Command, RedisReplyError, Reply, SendOptions, Transport } from '../../src/index.ts'
import * as scripts from '../../src/lua/scripts.ts'
import type { LuaScript } from '../../src/lua/index.ts'
import type { Server } from './server.ts'
import type { Timeline } from './timeline.ts'

/**
 * What becomes of a request: `late` it is executed only when it is let go; `slow` it is executed at once, and its reply comes
 * when it is let go; `lost` it is never executed; `unanswered` it is executed, and the reply is lost.
 */
export type Fate = 'well' | 'late' | 'slow' | 'lost' | 'unanswered'

/** A request of an isolate. */
export interface Request {
  readonly number: number
  readonly line: Line
  readonly commands: readonly Command[]
  /** The call that it was made for, or the first of those that share it. */
  readonly caller: unknown
  readonly sentAt: number
  /** The same, in the order of all that happens. */
  readonly sent: number
  readonly signal: AbortSignal
  /** When it was executed, in the order of all that happens; 0 while it is not. */
  executed: number
  replies: readonly (Reply | RedisReplyError)[]
  readonly resolve: (replies: readonly (Reply | RedisReplyError)[]) => void
  readonly reject: (error: unknown) => void
}

/** Who wants to know of requests. */
export interface Watcher {
  note(text: string): void
  /** A number that tells what came first. */
  next(): number
  sent(request: Request): void
  executed(request: Request): void
  answered(request: Request): void
}

const names = new Map<string, string>()
for (const each of Object.values(scripts) as LuaScript[]) {
  if (each?.sha1 === undefined) continue
  names.set(each.sha1.redis, each.name)
  names.set(each.source, each.name)
}

/** The name of a command, or that of the script that it runs. */
export function nameOf([name, text]: Command): string {
  return name === 'EVALSHA' || name === 'EVAL' ? (names.get(String(text)) ?? name) : name
}

/** Whether a command stores what a load has made. */
function isFill(command: Command): boolean {
  return ['SET', 'FillEntry', 'CommitEntry'].includes(nameOf(command))
}

/** Whose request it is. One for all: each costs something with every promise. */
export const callers: AsyncLocalStorage<unknown> = new AsyncLocalStorage()

/** The lines between the isolates and the server, and what is held back on them. */
export class Network {
  readonly #server: Server
  readonly #timeline: Timeline
  readonly #watcher: Watcher
  #held: Request[] = []
  #executing = 0
  #count = 0
  #executions = 0

  constructor(server: Server, timeline: Timeline, watcher: Watcher) {
    this.#server = server
    this.#timeline = timeline
    this.#watcher = watcher
  }

  line(name: string): Line {
    return new Line(name, this)
  }

  /** How many requests are held back. */
  get held(): number {
    return this.#held.length
  }

  /** How many requests were sent. */
  get count(): number {
    return this.#count
  }

  send(
    line: Line,
    commands: readonly Command[],
    { signal }: SendOptions,
    fate: Fate,
  ): Request['replies'] | Promise<Request['replies']> {
    return new Promise((resolve, reject) => {
      const request: Request = {
        number: ++this.#count,
        line,
        commands,
        caller: callers.getStore(),
        sentAt: this.#timeline.elapsed,
        sent: this.#watcher.next(),
        signal,
        executed: 0,
        replies: [],
        resolve,
        reject,
      }
      this.#watcher.note(
        `  ${line.name} sends #${request.number} ${commands.map(nameOf).join(', ')}${fate === 'well' ? '' : ` (${fate})`}`,
      )
      this.#watcher.sent(request)
      signal.addEventListener('abort', () => this.#fail(request, signal.reason), { once: true })
      void this.#carry(request, fate)
    })
  }

  async #carry(request: Request, fate: Fate): Promise<void> {
    if (fate === 'lost') return this.#fail(request, new TypeError('lost on the way'))
    if (fate !== 'late') await this.#execute(request)
    if (fate === 'unanswered') return this.#fail(request, new TypeError('the reply was lost'))
    if (fate === 'well') this.#answer(request)
    else this.#held.push(request)
  }

  /** Lets a request go on that was held back; `lose`: it gets lost instead. */
  async release(pick: number, lose = false): Promise<void> {
    const [request] = this.#held.splice(pick % Math.max(1, this.#held.length), 1)
    if (request === undefined) return
    this.#watcher.note(`#${request.number} ${lose ? 'gets lost' : 'goes on'}`)
    if (lose) return this.#fail(request, new TypeError('lost at last'))
    // The fence holds for as long as a fill may be on its way, which its deadline ends. A write may come ever so late.
    if (request.executed === 0 && request.signal.aborted && request.commands.some(isFill)) return undefined
    if (request.executed === 0) await this.#execute(request)
    this.#answer(request)
  }

  async #execute(request: Request): Promise<void> {
    this.#executing++
    try {
      request.executed = this.#watcher.next()
      const time = this.#timeline.serverTime(++this.#executions)
      const { elapsed } = this.#timeline
      request.replies = await this.#server.execute(request.commands, { elapsed, ...time })
      this.#watcher.executed(request)
    } finally {
      this.#executing--
    }
  }

  #answer(request: Request): void {
    if (request.signal.aborted) return
    this.#watcher.answered(request)
    request.resolve(request.replies)
  }

  #fail(request: Request, error: unknown): void {
    request.reject(error)
  }

  /** Waits until nothing moves any more without time passing, or what is held back being let go. */
  async settle(): Promise<void> {
    do await new Promise((resolve) => setImmediate(resolve))
    while (this.#executing > 0)
    await new Promise((resolve) => setImmediate(resolve))
    if (this.#executing > 0) await this.settle()
  }
}

/** The connection of one isolate. */
export class Line implements Transport {
  readonly dialect = 'redis'
  readonly name: string
  readonly #network: Network
  /** What becomes of the next requests. */
  fates: Fate[] = []
  /** All are lost. */
  cut = false

  constructor(name: string, network: Network) {
    this.name = name
    this.#network = network
  }

  async send(
    commands: readonly Command[],
    options: SendOptions,
  ): Promise<readonly (Reply | RedisReplyError)[]> {
    const fate = this.cut ? 'lost' : (this.fates.shift() ?? 'well')
    return this.#network.send(this, commands, options, fate)
  }
}
