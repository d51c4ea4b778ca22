import { afterEach, describe, expect, test } from 'vitest'
import { createHybridCache, type HybridCache } from '../../../src/index.ts'
import { push } from '../../../src/push/index.ts'
import { type Connected, kinds } from './clients.ts'
import { NO_REDIS, onEveryServer, startProxy } from './servers.ts'
import { startTestRedis } from '../../support/redis-server.ts'
import { soon } from '../../support/soon.ts'

const opened: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
})

let prefixes = 0

function listener({ transport }: Connected, keyPrefix: string): HybridCache {
  const cache = createHybridCache({
    redis: transport,
    keyPrefix,
    l2: { timeout: '5s' },
    coherence: { interval: '1h', push: push() },
  })
  opened.unshift(cache)
  return cache
}

async function connected(cache: HybridCache, times: number): Promise<void> {
  await cache.get('look', { l1: false })
  await soon(() => expect(cache.stats().push).toMatchObject({ connected: true, connections: times }))
  await cache.get('look', { l1: false })
}

onEveryServer((port) => {
  test.each(kinds)('news come over a duplicate of a client of $name', async (kind) => {
    const clients = [await kind.connect(port()), await kind.connect(port())] as const
    opened.push(...clients)
    const prefix = `push-${prefixes++}`
    const [one, other] = [listener(clients[0], prefix), listener(clients[1], prefix)]
    await connected(one, 1)
    await connected(other, 1)
    await one.set('ü,k', 'old')
    expect(await other.get('ü,k')).toBe('old')
    await soon(() => expect(other.stats().push?.messages).toBe(1))
    await one.remove('ü,k')
    await soon(() => expect(other.getLocal('ü,k')).toBeUndefined())
    await other.close()
    expect(other.stats().push?.connected).toBe(false)
    await other.set('l', 1)
    expect(await other.get('l')).toBe(1)
  })
})

describe.skipIf(NO_REDIS)('a connection that ends', () => {
  test.each(kinds)('is made again, with $name', { timeout: 15_000 }, async (kind) => {
    const redis = await startTestRedis()
    try {
      const client = await kind.connect(redis.port)
      opened.push(client)
      const cache = listener(client, 'p')
      await connected(cache, 1)
      await client.transport.send([['CLIENT', 'KILL', 'TYPE', 'pubsub']], {
        signal: new AbortController().signal,
        idempotent: true,
      })
      await soon(() => expect(cache.stats().push?.connected).toBe(false))
      await connected(cache, 2)
    } finally {
      for (const each of opened.splice(0)) await each.close()
      await redis.kill()
    }
  })
})

onEveryServer((port) => {
  // ioredis, given up before it has begun to connect, never does: nothing can be left of it.
  const nodeRedis = kinds.filter(({ name }) => name.startsWith('redis'))

  test.each(nodeRedis)('close leaves no connection behind that is being opened, with $name', async (kind) => {
    await using proxy = await startProxy(port())
    const client = await kind.connect(proxy.port)
    opened.push(client)
    const cache = listener(client, `closed-${prefixes++}`)
    const reading = cache.get('look')
    await cache.close()
    await reading
    await soon(() => expect(proxy.connections).toEqual({ open: 1, ever: 2 }))
  })

  describe.each([/HELLO|CLIENT|INFO/i, /SUBSCRIBE/i])('nor one that waits for the answer to %s', (said) => {
    test.each(kinds)('with $name', async (kind) => {
      await using proxy = await startProxy(port())
      const client = await kind.connect(proxy.port)
      opened.push(client)
      const cache = listener(client, `closed-${prefixes++}`)
      let closing: Promise<void> | undefined
      proxy.onData = (text) => {
        if (!said.test(text)) return 'pass'
        closing ??= cache.close()
        return 'swallow'
      }
      await cache.get('look')
      await soon(() => expect(closing).toBeDefined())
      await soon(() => expect(proxy.connections).toEqual({ open: 1, ever: 2 }))
    })
  })
})
