import { Redis as NodeRedis } from '@upstash/redis'
import { Redis as EdgeRedis } from '@upstash/redis/cloudflare'
import { afterAll, beforeAll, describe } from 'vitest'
import { adaptUpstashClient, createUpstashTransport } from '../../../src/redis/upstash.ts'
import { FakeRedis } from '../../support/fake-redis.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { type RawServer, startRawServer } from '../../support/raw-http.ts'
import { testTransport } from '../../support/transport-conformance.ts'
import { describeOnEngines } from '../dev/engines.ts'

let silent: RawServer | undefined
beforeAll(async () => {
  silent = await startRawServer(() => {})
})
afterAll(() => silent?.[Symbol.asyncDispose]())

describe('without a server', () => {
  const redis = new FakeRedis(new ManualClock())
  testTransport('FakeRedis', { connect: () => redis, scripts: false })
})

describeOnEngines('over REST', (server) => {
  testTransport('{ url, token }', {
    connect: () => createUpstashTransport({ url: server().url, token: server().token }),
    stalled: () => createUpstashTransport({ url: silent?.origin ?? '', token: 'token' }),
  })

  const off = { enableAutoPipelining: false, automaticDeserialization: false }
  describe.each([
    ['@upstash/redis', NodeRedis],
    ['@upstash/redis/cloudflare', EdgeRedis],
  ] as const)('%s', (_, Redis) => {
    const credentials = (): { url: string; token: string } => ({ url: server().url, token: server().token })
    testTransport('its default options', { connect: () => adaptUpstashClient(new Redis(credentials())) })
    testTransport('pipelining and deserialisation off', {
      connect: () => adaptUpstashClient(new Redis({ ...credentials(), ...off })),
    })
    testTransport('no base64', {
      connect: () => adaptUpstashClient(new Redis({ ...credentials(), responseEncoding: false })),
    })
  })
})
