import { Isolate } from './isolate.ts'
import { callers, nameOf as commandName, Network, type Request, type Watcher } from './network.ts'
import { type Barrier, nameOf, type Place, Reference } from './reference.ts'
import type { Server } from './server.ts'
import type { End } from './steps.ts'
import { Timeline } from './timeline.ts'
import { shown } from './wishes.ts'

/** A call on its way. */
export interface Call {
  readonly text: string
  readonly isolate: Isolate
  readonly begunAt: number
  readonly turn: number
  readonly known: number
  readonly own: readonly Barrier[]
  readonly stale: Set<string>
  readonly window: number
  /** It has to ask for news if it goes out. */
  due: boolean
  request: Request | undefined
  /** What it is given by L1, without asking. */
  readonly local: Set<string>
  /** The request that has brought news, and what was asked for along with them. */
  news: Request | undefined
}

/** A command that Redis has carried out. */
export interface Execution {
  readonly at: number
  readonly isolate: Isolate | undefined
  readonly name: string
  readonly words: string
}

/** A factory that ends when a step says so. */
export interface Run {
  readonly text: string
  readonly finish: (end: End) => void
}

/** What happens in a fleet of isolates, in its order, and what their calls give. */
export class Ledger implements Watcher {
  readonly history: string[] = []
  readonly timeline: Timeline = new Timeline()
  readonly reference: Reference = new Reference()
  readonly network: Network
  readonly server: Server
  readonly isolates: Isolate[] = []
  readonly all: Map<unknown, Isolate> = new Map()
  readonly waiting: Set<Call> = new Set()
  readonly lastRead: Map<string, unknown> = new Map()
  readonly executions: Execution[] = []
  runs: Run[] = []
  loads = 0
  turn = 0
  clock = 0
  restarts = 0
  failure: Error | undefined

  constructor(server: Server) {
    this.server = server
    this.network = new Network(server, this.timeline, this)
    for (const index of [0, 1, 2]) this.newIsolate(index)
  }

  newIsolate(index: number): void {
    const name = `isolate ${index}${"'".repeat(this.isolates[index] === undefined ? 0 : ++this.restarts)}`
    const isolate = new Isolate(name, index, { network: this.network, timeline: this.timeline })
    isolate.cache.on('stale', ({ reason }) => (callers.getStore() as Call | undefined)?.stale.add(reason))
    this.isolates[index] = isolate
    this.all.set(isolate.line, isolate)
  }

  note(text: string): void {
    this.history.push(`${String(Math.round(this.timeline.elapsed)).padStart(7)} ${text}`)
  }

  next(): number {
    return ++this.clock
  }

  sent(request: Request): void {
    this.all.get(request.line)?.sent(request)
    const call = request.caller as Call | undefined
    // What is sent at once is what a call reads; whatever it sends later, news may have come before.
    if (call !== undefined && call.turn === this.turn) call.request ??= request
  }

  executed(request: Request): void {
    const isolate = this.all.get(request.line)
    for (const [i, command] of request.commands.entries()) {
      const [name, words, reply] = [commandName(command), command.join(' '), request.replies[i]]
      if (reply instanceof Error) continue
      this.executions.push({ at: request.executed, isolate, name, words })
      if (name === 'GetAndExtendEntries' && reply !== null)
        this.reference.extended(
          String(command[3]).replace(/^m:(n:e:)?e:/, ''),
          this.timeline.elapsed + Number(words.split(' ').at(-4)),
        )
      const wrote =
        name === 'SetEntry'
          ? Number(reply) > 0
          : /Exists|Swap/.test(name) && Array.isArray(reply) && reply[0] === 1
      if (!wrote) continue
      // What a swap expects stands before what it writes.
      const id = Number([...words.matchAll(/"id":(\d+)/g)].at(-1)?.[1])
      if (!this.reference.taken(id, request.executed, this.timeline.elapsed))
        this.failure ??= new Error(`value ${id} was written twice`)
    }
    this.note(`  #${request.number} is executed: ${shown(request.replies)}`)
  }

  answered(request: Request): void {
    this.all.get(request.line)?.answered(request)
    const call = request.caller as Call | undefined
    if (call?.request === request && call.due) call.news = request
    this.note(`  #${request.number} is answered`)
  }

  change(changed: readonly Place[]): void {
    for (const place of changed) this.reference.change(place)
    this.note(`the data of ${changed.map(nameOf).join(', ')} change`)
  }

  starting(isolate: Isolate, text: string, window = 0): Call {
    const call: Call = {
      text: `${isolate.name}: ${text}`,
      isolate,
      begunAt: this.timeline.elapsed,
      turn: this.turn,
      known: isolate.known,
      own: [...isolate.done],
      stale: new Set(),
      window,
      due: isolate.isDue(this.timeline.elapsed),
      request: undefined,
      local: new Set(),
      news: undefined,
    }
    this.waiting.add(call)
    this.note(call.text)
    return call
  }

  /** Runs a call, and holds what it gives against the reference. */
  giving<T>(
    call: Call,
    run: () => Promise<T>,
    given: (result: T) => readonly (readonly [Place, unknown])[],
  ): void {
    this.track(call, run, (result) => {
      const values = given(result)
      const stale = call.stale.size > 0 ? ` (stale: ${[...call.stale].join()})` : ''
      this.note(
        `${call.text} gives ${values.map(([, value]) => shown(value)).join(', ') || 'nothing'}${stale}`,
      )
      for (const [place, value] of values) if (value !== undefined) this.accept(call, place, value)
    })
  }

  track<T>(call: Call, run: () => Promise<T>, done: (result: T) => void): void {
    void callers
      .run(call, run)
      .then(done, (error: unknown) => {
        this.note(`${call.text} rejects: ${String(error)}`)
        if (
          error instanceof TypeError ||
          /^(SCRIPT|L2_REPLY)$/.test(String((error as { code?: unknown }).code))
        )
          this.failure ??= error as Error
      })
      .finally(() => this.waiting.delete(call))
  }

  accept(call: Call, place: Place, value: unknown, kept = false): void {
    if (!kept) this.lastRead.set(`${call.isolate.name} ${nameOf(place)}`, value)
    const wrong = this.reference.judge(place, value, { ...call, known: knownOf(call, place) }, kept)
    if (wrong === undefined) return
    this.note(`WRONG: ${wrong}`)
    this.failure ??= new Error(`${call.text} gave ${shown(value)}${kept ? ' to its factory' : ''}: ${wrong}`)
  }
}

/** What came along with news has to agree with them. */
function knownOf({ known, local, news }: Call, { namespace, key }: Place): number {
  if (namespace === undefined && local.has(key)) return known
  const physicalKey = namespace === undefined ? `m:e:${key}` : `m:n:${namespace}:e:${key}`
  const came = news?.commands.some((words) => words.includes(physicalKey)) === true
  return came ? Math.max(known, news.sent) : known
}
