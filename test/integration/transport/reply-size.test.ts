import { createGzip } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHybridCache, isCacheError } from '../../../src/index.ts'
import { createUpstashTransport } from '../../../src/redis/upstash.ts'
import { answer, type RawServer, type Responder, startRawServer } from '../../support/raw-http.ts'

let server: RawServer
beforeAll(async () => {
  server = await startRawServer(answer(200, '[]'))
})
afterAll(() => server[Symbol.asyncDispose]())

const mebibyte = 2 ** 20
const { signal } = new AbortController()

async function ask(): Promise<unknown> {
  const transport = createUpstashTransport({ url: server.origin, token: 't' })
  const replies = await transport.send([['GET', 'k']], { signal, idempotent: true })
  return replies[0]
}

/** Sends chunks until the other side has gone; how much it took. */
function endless(taken: { bytes: number; closed: boolean }): Responder {
  return (response) => {
    response.once('close', () => (taken.closed = true))
    const chunk = Buffer.alloc(mebibyte, 'x')
    response.writeHead(200, { 'content-type': 'application/json' }).write('[{"result":"')
    const more = (): void => {
      if (response.destroyed) return
      taken.bytes += chunk.length
      response.write(chunk, more)
    }
    more()
  }
}

/** A reply of which little is sent, for it is compressed a thousand times. */
const compressed: Responder = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
  const gzip = createGzip()
  gzip.pipe(response)
  gzip.on('error', () => undefined)
  gzip.write('[{"result":"')
  for (let i = 0; i < 100; i++) gzip.write(Buffer.alloc(mebibyte, 'x'))
  gzip.end('"}]')
}

test('a reply without an end is given up at 64 MiB, and its connection is closed', async () => {
  const taken = { bytes: 0, closed: false }
  server.respond = endless(taken)
  const error: unknown = await ask().catch((reason: unknown) => reason)
  expect(error).toMatchObject({
    code: 'L2_REPLY',
    retryable: true,
    message: expect.stringContaining('64 MiB'),
  })
  await expect.poll(() => taken.closed).toBe(true)
  expect(taken.bytes).toBeLessThan(100 * mebibyte) // what buffers on the way hold is sent, too
})

test('so is one that is small only on its way', async () => {
  server.respond = compressed
  await expect(ask()).rejects.toMatchObject({ code: 'L2_REPLY' })
})

test('so is one that says that it is larger, and one of an error', async () => {
  for (const status of [200, 500]) {
    server.respond = (response) => {
      response.writeHead(status, { 'content-length': 65 * mebibyte })
      const chunk = Buffer.alloc(mebibyte, 'x')
      for (let i = 0; i < 65; i++) response.write(chunk)
      response.end()
    }
    await expect(ask()).rejects.toMatchObject({ code: 'L2_REPLY' })
  }
})

test.each([
  ['in one piece', 1],
  ['in pieces that cut characters', 3],
])('a large one that does not say how large it is comes whole, %s', async (_, pieces) => {
  const value = 'ü🐎x'.repeat(300_000)
  server.respond = (response) => {
    const bytes = Buffer.from(JSON.stringify([{ result: value }]))
    const size = Math.ceil(bytes.length / pieces) + 1
    for (let i = 0; i < bytes.length; i += size) response.write(bytes.subarray(i, i + size))
    response.end()
  }
  expect(await ask()).toBe(value)
})

test('for a cache it is a miss, and what L1 has stale still stands in', async () => {
  server.respond = answer(200, '[{"result":null}]')
  const cache = createHybridCache({
    redis: { url: server.origin, token: 't' },
    l2: { timeout: '10s' },
    breaker: 'off',
  })
  server.respond = endless({ bytes: 0, closed: false })
  const codes: string[] = []
  cache.on('error', ({ error }) => void codes.push(error.code))
  expect(await cache.get('k')).toBeUndefined()
  expect(codes).toEqual(['L2_REPLY'])
  await expect(cache.set('k', 1)).rejects.toSatisfy(isCacheError)
})
