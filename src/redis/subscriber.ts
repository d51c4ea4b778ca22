import { checkCredentials, type Credentials } from './credentials.ts'
import { upstashSubscriber } from './event-stream.ts'
import type { RedisSource } from './source.ts'
import type { SubscribeOptions, Transport } from './transport.ts'
import { isUpstashClient } from './upstash.ts'

/** Listens to a channel until its connection ends. */
export type Subscribe = (channel: string, options: SubscribeOptions) => Promise<void>

/** The subscriber for what `redis` was given as. Throws a `TypeError` if there is none. */
export function subscriberOf(source: RedisSource | undefined): Subscribe {
  if (source === undefined) throw new TypeError('coherence.push needs a `redis`')
  if ('send' in source) {
    const transport = source as Transport
    if (typeof transport.subscribe === 'function')
      return (channel, options) => (transport.subscribe as Subscribe).call(transport, channel, options)
    throw new TypeError(
      'coherence.push: this transport has no subscribe(); use push({ listen: false }) to publish changes without receiving any',
    )
  }
  if (isUpstashClient(source)) {
    throw new TypeError(
      'coherence.push: a client of @upstash/redis cannot subscribe; pass { url, token }, or use push({ listen: false })',
    )
  }
  return upstashSubscriber(checkCredentials(source as Credentials))
}
