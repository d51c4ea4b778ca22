import type { Command, Reply, Transport } from '../../src/index.ts'
import { Link, type LinkSettings } from '../../src/redis/link.ts'
import { Counters, type L2Stats } from '../../src/stats.ts'
import { FakeRedis } from './fake-redis.ts'
import { ManualClock } from './manual-clock.ts'

/** A link over a transport of the test's choice, on a clock that it moves. */
export class LinkFixture {
  readonly clock: ManualClock = new ManualClock()
  readonly redis: FakeRedis = new FakeRedis(this.clock)
  readonly stats: L2Stats = new Counters().l2
  readonly link: Link

  constructor({ transport, ...settings }: Partial<LinkSettings> & { transport?: Transport } = {}) {
    this.link = new Link(
      transport ?? this.redis,
      { timeout: 1000, retries: 1, ...settings },
      { clock: this.clock, stats: this.stats },
    )
  }

  /** Sends a command that may run twice. */
  read(signal?: AbortSignal, ...command: (string | number)[]): Promise<Reply> {
    const [name = 'GET', ...args] = command.length === 0 ? ['GET', 'k'] : command
    const options = { idempotent: true, mergeable: name === 'GET', signal }
    return this.link.send([String(name), ...args] as Command, options)
  }

  /** Sends a command that must not run twice. */
  write(signal?: AbortSignal): Promise<Reply> {
    return this.link.send(['SET', 'k', 'v', 'PX', 1000], { idempotent: false, signal })
  }

  /** Makes the next `times` requests fail on their way. */
  fail(times: number, error: unknown = new TypeError('fetch failed')): void {
    this.redis.before = () => {
      if (times-- > 0) throw error
    }
  }
}

/** An abort signal that knows how many listen to it. */
export function countedSignal(): { controller: AbortController; listeners: () => number } {
  const controller = new AbortController()
  const { signal } = controller
  const listening = new Set<unknown>()
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
  signal.addEventListener = (type: string, listener: EventListener) => {
    listening.add(listener)
    add(type, listener)
  }
  signal.removeEventListener = (type: string, listener: EventListener) => {
    listening.delete(listener)
    remove(type, listener)
  }
  return { controller, listeners: () => listening.size }
}
