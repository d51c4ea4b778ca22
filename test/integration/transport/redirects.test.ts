import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createUpstashTransport } from '../../../src/redis/upstash.ts'
import { canary, expectNothingShown } from '../../support/canary.ts'
import { answer, type RawServer, startRawServer } from '../../support/raw-http.ts'

let first: RawServer
let second: RawServer
beforeAll(async () => {
  first = await startRawServer(answer(200, '[]'))
  second = await startRawServer(answer(200, '[{"result":"stolen"}]'))
})
afterAll(async () => {
  await first[Symbol.asyncDispose]()
  await second[Symbol.asyncDispose]()
})
beforeEach(() => {
  first.requests.length = 0
  second.requests.length = 0
})

const send = (): Promise<unknown> =>
  createUpstashTransport({ url: first.origin, token: canary.token })
    .send([['SET', canary.key, canary.value]], { signal: new AbortController().signal, idempotent: true })
    .catch((error: unknown) => error)

describe.each([301, 302, 303, 307, 308])('a redirect %i', (status) => {
  test('to another origin takes neither the token nor keys and values there', async () => {
    first.respond = (response) => response.writeHead(status, { location: `${second.origin}/pipeline` }).end()
    await send()
    for (const { headers, body } of second.requests) {
      expect(headers.authorization).toBeUndefined()
      expect(body).not.toContain('canary')
    }
  })

  test('is not followed: it is an error that shows nothing, and no second request', async () => {
    first.respond = (response) => response.writeHead(status, { location: `${second.origin}/pipeline` }).end()
    const outcome = await send()
    expect(outcome).toMatchObject({ name: 'CacheError', code: 'L2_NETWORK' })
    expectNothingShown(outcome, first.origin, second.origin)
    expect([first.requests.length, second.requests.length]).toEqual([1, 0])
  })
})
