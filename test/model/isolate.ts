import { createHybridCache, type HybridCache } from '../../src/index.ts'
import { type Line, nameOf, type Network, type Request } from './network.ts'
import type { Barrier, Place } from './reference.ts'
import type { Timeline } from './timeline.ts'

const interval = 5000
/** How long a request may take, when it is sent again too. */
const patience = 1000

/** One isolate, and what it has to know: what it did itself, and what it has been told. */
export class Isolate {
  readonly name: string
  readonly cache: HybridCache<true>
  readonly line: Line
  /** Invalidations and writes that it was told of as done. */
  readonly done: Barrier[] = []
  /** The log was read up to here. */
  known = 0
  /** When it last asked for news, and got them. */
  #checkedAt = -Infinity
  #began = false
  readonly #asking = new Set<Request>()

  constructor(name: string, index: number, { network, timeline }: { network: Network; timeline: Timeline }) {
    this.name = name
    this.line = network.line(name)
    this.cache = createHybridCache({
      redis: this.line,
      keyPrefix: 'm',
      clock: timeline.clock([0, 3_500_000, -3_500_000][index] ?? 0),
      coherence: { interval },
      l2: { timeout: patience },
      localTtl: '10m',
      maxTtl: '1h',
      breaker: { failures: 4 },
      memory: { maxEntries: index === 2 ? 2 : 100 },
      ...(index === 1 ? { waitUntil: () => undefined } : {}),
    }) as HybridCache<true>
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

  sent(request: Request): void {
    if (asks(request) !== undefined) this.#asking.add(request)
  }

  /** The isolate was told what had happened before the request was executed. */
  answered(request: Request): void {
    const what = asks(request)
    if (what === undefined) return
    for (const asked of this.#asking) if (asked.sentAt <= request.sentAt) this.#asking.delete(asked)
    if (what === 'begin' && !toldVersion(request)) return
    if (what === 'log' || !this.#began) this.known = Math.max(this.known, request.executed)
    this.#began = true
    this.#checkedAt = Math.max(this.#checkedAt, request.sentAt)
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
