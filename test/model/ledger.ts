import type { Command } from '../../src/index.ts'
import { dutyOf } from './duty.ts'
import { Isolate } from './isolate.ts'
import { callers, nameOf as commandName, Network, type Request, type Watcher } from './network.ts'
import {
  type Barrier,
  nameOf,
  physicalKeyOf,
  type Place,
  Reference,
  type Staleness,
  tolerance,
} from './reference.ts'
import type { Server } from './server.ts'
import { Shelf } from './shelf.ts'
import type { End, Wish } from './steps.ts'
import { idsIn, type Stored, storedBy } from './stores.ts'
import { mayReject, type Rejections, type Thrown } from './rejections.ts'
import { Timeline } from './timeline.ts'
import { shown } from './wishes.ts'

/** A call on its way. */
export interface Call {
  readonly text: string
  readonly isolate: Isolate
  readonly begunAt: number
  /** The same, in the order of all that happens. */
  readonly begun: number
  readonly turn: number
  readonly known: number
  readonly own: readonly Barrier[]
  /** The load that it asks for; `undefined` where it takes what there is. */
  readonly wish: Wish | undefined
  /** What it said to give that is stale. */
  readonly stale: Staleness[]
  /** How many requests it has made. */
  sent: number
  /** It has to ask for news if it goes out. */
  due: boolean
  request: Request | undefined
  /** What it is given by L1, without asking. */
  readonly local: Set<string>
  /** When Redis last said what it has, by key, in the order of all that happens. */
  readonly read: Map<string, number>
  /** What that was, where its isolate knew by then until when it is of use; of one key, where a command asks for several. */
  readonly found: Map<string, number | undefined>
  /** The values that it has given another end, and when. */
  readonly prolonged: Map<number, number>
  /** The request that has brought news, and what was asked for along with them. */
  news: Request | undefined
}

/** A command that Redis has carried out. */
export interface Execution {
  readonly at: number
  readonly isolate: Isolate | undefined
  readonly name: string
  readonly words: readonly string[]
}

/** A factory that ends when a step says so. */
export interface Run {
  readonly text: string
  readonly finish: (end: End) => void
}

/** A call that gives values, `undefined` where there is none. */
interface Giving<T> {
  readonly run: () => Promise<T>
  readonly given: (result: T) => readonly (readonly [Place, unknown])[]
  readonly rejects?: Rejections
  /** It has to give something. */
  readonly always?: boolean
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
  readonly shelf: Shelf = new Shelf()
  /** What ends the calls that have a signal. */
  leavers: AbortController[] = []
  runs: Run[] = []
  /** What factories threw. */
  readonly thrown: Map<unknown, Thrown> = new Map()
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
    isolate.cache.on('stale', ({ reason }) => this.gaveStale(callers.getStore() as Call | undefined, reason))
    this.isolates[index] = isolate
    this.all.set(isolate.line, isolate)
  }

  gaveStale(call: Call | undefined, reason: Staleness['reason']): void {
    if (call?.wish === undefined) return
    const { isolate, wish, stale } = call
    const at = this.timeline.elapsed
    const longest = Math.max(wish.swr, wish.staleIfError)
    // While another isolate makes the value, whatever is of use is given at once.
    const window = reason === 'swr' && at > isolate.elsewhereUntil ? wish.swr : longest
    stale.push({ reason, at, window })
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
    if (call !== undefined) call.sent++
    // What is sent at once is what a call reads; whatever it sends later, news may have come before.
    if (call !== undefined && call.turn === this.turn) call.request ??= request
  }

  executed(request: Request): void {
    const isolate = this.all.get(request.line)
    for (const [i, command] of request.commands.entries()) {
      const [name, words, reply] = [commandName(command), command.map(String), request.replies[i]]
      if (reply === undefined || reply instanceof Error) continue
      const execution = { at: request.executed, isolate, name, words }
      if (name === 'GetAndExtendEntries' && Array.isArray(reply)) this.extended(request, words, reply)
      if (name === 'SlideEntry') this.used(request, String(words[3]), Number(reply))
      this.stored(execution, storedBy(command, reply), request.sentAt)
      this.executions.push(execution)
    }
    this.note(`  #${request.number} is executed: ${shown(request.replies)}`)
  }

  stored(execution: Execution, stored: Stored | undefined, sentAt: number): void {
    const { at, name } = execution
    if (stored === undefined) return this.shelf.lose(execution)
    const { id, written } = stored
    const held = this.shelf.get(stored.physicalKey)
    const since = this.executions.filter((each) => each.at >= (held?.at ?? 0))
    const now = this.timeline.elapsed
    const wrong = this.shelf.judge(stored, execution, {
      now,
      ends: (of) => this.reference.endsOf(of),
      versions: (of) => this.reference.versionsOf(of),
      since,
    })
    if (wrong !== undefined) this.fail(`${name} stored value ${id}, but ${wrong}`)
    if (this.reference.kept.has(id)) this.fail(`${name} stored value ${id}, which was to be stored nowhere`)
    if (written && !this.reference.taken(id, at, sentAt)) this.fail(`value ${id} was written twice`)
    this.shelf.store(stored, at)
  }

  /** What slides was used. */
  used({ executed }: Request, physicalKey: string, left: number): void {
    const held = this.shelf.get(physicalKey)
    if (left > 0 && held !== undefined) this.reference.used(held.id, this.timeline.elapsed + left, executed)
  }

  /** Those keys that have a value live for so much longer, or shorter. */
  extended({ executed, caller }: Request, words: readonly string[], reply: readonly unknown[]): void {
    // The time stands fourth from the end, before what the cache says of itself.
    const [ttl, moment] = [Number(words.at(-4)), { since: executed, now: this.timeline.elapsed }]
    for (const [i, bytes] of reply.entries()) {
      const held = this.shelf.get(String(words[3 + i]))?.id
      const id = i === 0 ? idsIn(String(bytes))[0] : held
      if (bytes === null || id === undefined) continue
      if (id !== held) this.fail(`value ${id} was extended where ${held} is`)
      this.reference.extended(id, ttl, moment)
      ;(caller as Call | undefined)?.prolonged.set(id, executed)
    }
  }

  answered(request: Request): void {
    this.all.get(request.line)?.answered(request)
    const call = request.caller as Call | undefined
    if (call?.request === request && call.due) call.news = request
    for (const [i, command] of request.commands.entries()) {
      if (call === undefined || !reads(command)) continue
      const [found] = idsIn(String(request.replies[i]))
      for (const word of command) {
        call.read.set(String(word), request.executed)
        call.found.set(String(word), call.isolate.knowsTime ? found : undefined)
      }
    }
    this.note(`  #${request.number} is answered`)
  }

  change(changed: readonly Place[]): void {
    for (const place of changed) this.reference.change(place)
    this.note(`the data of ${changed.map(nameOf).join(', ')} change`)
  }

  starting(isolate: Isolate, text: string, wish?: Wish): Call {
    const call: Call = {
      text: `${isolate.name}: ${text}`,
      isolate,
      begunAt: this.timeline.elapsed,
      begun: this.next(),
      turn: this.turn,
      known: isolate.known,
      own: [...isolate.done],
      wish,
      stale: [],
      sent: 0,
      due: isolate.isDue(this.timeline.elapsed),
      request: undefined,
      local: new Set(),
      read: new Map(),
      found: new Map(),
      prolonged: new Map(),
      news: undefined,
    }
    this.waiting.add(call)
    this.note(call.text)
    return call
  }

  /** Runs a call, and holds what it gives, or rejects with, against the reference. */
  giving<T>(call: Call, { run, given, rejects = {}, always = false }: Giving<T>): void {
    this.track(call, run, rejects, (result) => {
      const values = given(result)
      const reasons = call.stale.map(({ reason }) => reason)
      const stale = reasons.length > 0 ? ` (stale: ${reasons.join()})` : ''
      this.note(
        `${call.text} gives ${values.map(([, value]) => shown(value)).join(', ') || 'nothing'}${stale}`,
      )
      for (const [place, value] of values) {
        if (value !== undefined) this.accept(call, place, value)
        else if (always) this.fail(`${call.text} gave nothing for ${nameOf(place)}`)
      }
    })
  }

  track<T>(call: Call, run: () => Promise<T>, rejects: Rejections, done: (result: T) => void): void {
    void callers
      .run(call, run)
      .then(done, (error: unknown) => {
        this.note(`${call.text} rejects: ${String(error)}`)
        const lasted = this.timeline.elapsed - call.begunAt
        const usable = rejects.place && this.usable(call, rejects.place)
        const rejected = { ...call, lasted, thrown: this.thrown.get(error), usable }
        if (!mayReject(error, rejects, rejected))
          this.fail(`${call.text} must not reject with ${String(error)}`)
      })
      .finally(() => this.waiting.delete(call))
  }

  /** A stale value of a place that Redis has told a load of, that nothing has ended, and of which no tag has to be asked for. */
  usable({ wish, found }: Call, place: Place): number | undefined {
    const [physicalKey, window] = [physicalKeyOf(place), wish ? Math.max(wish.swr, wish.staleIfError) : 0]
    const [id, held] = [found.get(physicalKey), this.shelf.get(physicalKey)]
    if (window === 0 || id === undefined || held?.id !== id || this.reference.hasTags(id)) return undefined
    const ended = this.shelf.mayHaveEnded(held, physicalKey, this.executions)
    const until = this.reference.usableUntil(id, window)
    return ended || this.timeline.elapsed >= until - tolerance ? undefined : id
  }

  fail(what: string): void {
    this.note(`WRONG: ${what}`)
    this.failure ??= new Error(what)
  }

  /** A call gives a value: one that is fresh, or for which it said that it gives a stale one. */
  accept(call: Call, place: Place, value: unknown): void {
    this.lastRead.set(`${call.isolate.name} ${nameOf(place)}`, value)
    const duty = dutyOf(call, place)
    const wrong = this.reference.judge(place, value, duty) ?? call.isolate.judgeCopy(value, call)
    if (wrong === undefined) return
    const reasons = call.stale.map((stale) => this.reference.judge(place, value, duty, stale))
    const excuse = reasons.indexOf(undefined)
    if (excuse < 0) return this.fail(`${call.text} gave ${shown(value)}: ${[wrong, ...reasons].join(', ')}`)
    call.stale.splice(excuse, 1)
  }

  /** A factory is offered a value, stale or not. */
  offered(call: Call, place: Place, value: unknown): void {
    const wrong = this.reference.judgeKept(place, value, dutyOf(call, place))
    if (wrong !== undefined) this.fail(`${call.text} gave ${shown(value)} to its factory: ${wrong}`)
  }
}

/** Whether a command says what Redis has under a key. */
function reads(command: Command): boolean {
  return ['GET', 'MGET', 'GetAndExtendEntries', 'LeaseEntry'].includes(commandName(command))
}
