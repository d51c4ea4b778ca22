import type { CacheOptions, HybridCache, SubscribeOptions, Transport } from '../../src/index.ts'
import { push } from '../../src/push/index.ts'
import { settle } from './manual-clock.ts'
import type { World } from './world.ts'

/** One subscription that was asked for. */
export interface Subscription extends SubscribeOptions {
  readonly channel: string
  /** The connection ends, by itself or with an error. */
  end(error?: unknown): void
}

/** A fake Redis whose subscriptions a test answers itself. */
export class Channel {
  readonly subscriptions: Subscription[] = []
  readonly transport: Transport

  constructor({ redis }: World) {
    const subscribe = (channel: string, options: SubscribeOptions): Promise<void> =>
      new Promise((resolve, reject) => {
        const end = (error?: unknown): void => (error === undefined ? resolve() : reject(error as Error))
        this.subscriptions.push({ ...options, channel, end })
      })
    this.transport = { subscribe, send: redis.send.bind(redis) }
  }

  /** The one that stands now. */
  get last(): Subscription {
    const last = this.subscriptions.at(-1)
    if (last === undefined) throw new Error('nobody listens')
    return last
  }

  /** An isolate that listens, has looked at the log since, and looks by itself once a day. */
  async listener(world: World, options: CacheOptions = {}): Promise<HybridCache> {
    const coherence = { interval: '1d', push: push() } as const
    const cache = await world.warm({
      redis: this.transport,
      coherence,
      localTtl: '1h',
      ttl: '2h',
      ...options,
    })
    await settle()
    this.last.onOpen()
    await cache.get('look', { l1: false })
    world.redis.take()
    return cache
  }
}

/** A message as another cache sends it. */
export function saying(version: number, ...members: string[]): string {
  return `${version} someone ${members.map(encodeURIComponent).join(' ')}`
}
