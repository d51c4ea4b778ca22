import { createHybridCache, type HybridCache } from '../../src/index.ts'
import { type Line, nameOf, type Network, type Request } from './network.ts'
import type { Barrier, Place, Value } from './reference.ts'
import { idsIn } from './stores.ts'
import type { Timeline } from './timeline.ts'

const interval = 5000
/** How long a request may take, when it is sent again too. */
const patience = 1000
/** How long a load may wait for the lease of another isolate. */
const longestFlight = 20_000

/** One isolate, and what it has to know: what it did itself, and what it has been told. */
export class Isolate {
  readonly name: string
  readonly cache: HybridCache<true>
  readonly line: Line
  /** Invalidations and writes that it was told of as done. */
  readonly done: Barrier[] = []
  /** Values that it has given another end, when Redis did so, and when it was told. */
  readonly prolonged: { readonly id: number; readonly at: number; readonly resolved: number }[] = []
  /** The log was read up to here. */
  known = 0
  /** The server has told it the time, without which it cannot know until when anything in Redis is of use. */
  knowsTime = false
  /** Another isolate may be making what this one waits for, until then. */
  elsewhereUntil: number = -Infinity
  /** When it last asked for news, and got them. */
  #checkedAt = -Infinity
  #began = false
  #last: Request | undefined
  /** When it last was given a value, or made it, or sent it. */
  readonly #came = new Map<number, number>()
  readonly #localTtl: number
  readonly #maxStaleness: number | undefined
  readonly #timeline: Timeline
  readonly #asking = new Set<Request>()

  constructor(name: string, index: number, { network, timeline }: { network: Network; timeline: Timeline }) {
    this.name = name
    this.#timeline = timeline
    this.line = network.line(name)
    this.#localTtl = index === 0 ? 15_000 : 600_000
    this.#maxStaleness = index === 2 ? 12_000 : undefined
    this.cache = createHybridCache({
      redis: this.line,
      keyPrefix: 'm',
      clock: timeline.clock([0, 3_500_000, -3_500_000][index] ?? 0),
      coherence: { interval, ...(this.#maxStaleness && { maxStaleness: this.#maxStaleness }) },
      l2: { timeout: patience },
      localTtl: this.#localTtl,
      maxTtl: '1h',
      breaker: { failures: 4 },
      memory: { maxEntries: index === 2 ? 2 : 100 },
      ...(index === 1 ? { waitUntil: () => undefined } : {}),
    }) as HybridCache<true>
    this.cache.on('check', ({ reset }) => {
      if (reset) this.#startOver()
    })
    this.cache.on('lease', ({ state }) => {
      if (state === 'waiting') this.elsewhereUntil = timeline.elapsed + longestFlight
    })
  }

  /** The cache that a place is in. */
  at({ namespace }: Place): HybridCache<true> {
    return namespace === undefined ? this.cache : this.cache.namespace(namespace)
  }

  /** Whether a read that goes out at `now` has to ask for news: not while another asks, or may be about to try again. */
  isDue(now: number): boolean {
    const busy = [...this.#asking].some(({ sentAt }) => now - sentAt <= patience)
    return !busy && now - this.#checkedAt >= interval
  }

  /** When it last gave a value another end, before a call began; 0 where it has not. */
  prolongedAt(id: number, begun: number): number {
    return this.prolonged.findLast((each) => each.id === id && each.resolved < begun)?.at ?? 0
  }

  /** A value is in this isolate, now. */
  came(ids: readonly number[]): void {
    for (const id of ids) this.#came.set(id, this.#timeline.elapsed)
  }

  /** What is wrong with a value that a call gives; `undefined` where nothing is, or where it may have come from Redis. */
  judgeCopy(value: unknown, { sent, begunAt }: { sent: number; begunAt: number }): string | undefined {
    if (sent > 0) return undefined
    const age = begunAt - (this.#came.get((value as Value).id) ?? -Infinity)
    if (age > this.#localTtl) return `L1 had it for ${age} ms`
    // A load that has just made it may be joined, whether or not it could ask.
    const unasked = begunAt - this.#checkedAt
    if (this.#maxStaleness !== undefined && age > 2 * patience && unasked >= this.#maxStaleness)
      return `L1 gave it ${unasked} ms after it asked`
    return undefined
  }

  sent(request: Request): void {
    this.came(idsIn(request.commands.flat().join(' ')))
    if (this.#looks(request)) this.#asking.add(request)
  }

  /** The isolate was told what had happened before the request was executed. */
  answered(request: Request): void {
    this.came(idsIn(request.replies.flat().join(' ')))
    if (request.commands.some(([name]) => name === 'TIME')) this.knowsTime = true
    if (asks(request) === undefined) return
    this.#last = request
    if (!this.#looks(request)) {
      if (!toldVersion(request)) this.#began = false
      return
    }
    for (const asked of this.#asking) if (asked.sentAt <= request.sentAt) this.#asking.delete(asked)
    if (asks(request) === 'begin' && !toldVersion(request)) return
    this.known = Math.max(this.known, request.executed)
    this.#checkedAt = Math.max(this.#checkedAt, request.sentAt)
    this.#began = true
  }

  /** Once an isolate has begun, it asks for the versions of tags in the same way: that says nothing of anything else. */
  #looks(request: Request): boolean {
    const what = asks(request)
    return what === 'log' || (what === 'begin' && !this.#began)
  }

  /** What has happened cannot be told any more, unless it was said in the same answer. */
  #startOver(): void {
    const last = this.#last as Request
    this.#began = asks(last) === 'log' && toldVersion(last)
  }
}

/** Whether a request asks for news: for all since the last time, or where to begin. */
function asks({ commands }: Request): 'log' | 'begin' | undefined {
  const asked = new Set(commands.map((command) => `${nameOf(command)} ${command[1]}`))
  if (asked.has('ZRANGE m:m:log')) return 'log'
  return asked.has('MGET m:m:v') ? 'begin' : undefined
}

function toldVersion({ commands, replies }: Request): boolean {
  const reply = replies[commands.findIndex(([name, key]) => name === 'MGET' && key === 'm:m:v')]
  return Array.isArray(reply) && Number(reply[0]) > 1e12
}
