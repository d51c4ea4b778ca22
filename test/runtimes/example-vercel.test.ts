import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type DevServer, startDevServer } from '../../src/dev/index.ts'
import { root } from './support/built.ts'
import { type Program, run, serve, type Service } from './support/process.ts'
import { installPackage } from './support/project.ts'

const folder = join(root, 'examples/vercel')
const next = join(folder, 'node_modules/next/dist/bin/next')
const environment = { NEXT_TELEMETRY_DISABLED: '1' }

type Instance = Service & { readonly found: string }

interface Rates {
  readonly base: string
  readonly revision: string
}

function start(env: Readonly<Record<string, string>>): Promise<Instance> {
  const program: Program = {
    file: process.execPath,
    args: [next, 'start', '--hostname', '127.0.0.1', '--port', '0'],
    cwd: folder,
    env: { ...environment, ...env },
  }
  return serve(program, { ready: urlIn, ms: 30_000 })
}

function urlIn(output: string): string | undefined {
  return output.includes('Ready in') ? /Local:\s+(http:\S+)/.exec(output)?.[1] : undefined
}

async function ratesOf({ found }: Instance, path: string): Promise<Rates> {
  const response = await fetch(found + path)
  expect([path, response.status]).toEqual([path, 200])
  return (await response.json()) as Rates
}

async function pageOf({ found }: Instance): Promise<string> {
  const response = await fetch(found)
  expect(response.status).toBe(200)
  return (await response.text()).replaceAll('<!-- -->', '')
}

/** Waits for what happens behind responses, for longer than even a busy machine takes. */
function soon<T>(check: () => Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 10_000, interval: 100 })
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** How long values are fresh, and an instance does not look at what others have removed, at most; and a little. */
const end = 2_100

describe('examples/vercel, built and started', () => {
  let redis: DevServer
  let first: Instance
  let second: Instance

  beforeAll(async () => {
    installPackage(join(folder, 'node_modules'))
    // Without variables, as a build in CI has none.
    await run(
      { file: process.execPath, args: [next, 'build'], cwd: folder, env: environment },
      { ms: 150_000 },
    )
    redis = await startDevServer()
    const env = { ...redis.env, BLOCKED_ADDRESSES: '203.0.113.9,203.0.113.10', REQUESTS_PER_MINUTE: '6000' }
    ;[first, second] = await Promise.all([start(env), start(env)])
    // It has the deadline of an app, which the first request of all may miss in a process that is cold.
    for (const path of ['/api/rates/usd', '/api/edge/usd'])
      await Promise.all([first, second].map((instance) => soon(() => ratesOf(instance, path))))
  }, 240_000)
  afterAll(async () => {
    await Promise.all([first, second].map((instance) => instance?.[Symbol.asyncDispose]()))
    await redis?.close()
  })

  describe.each([
    ['Node', '/api/rates', ['eur', 'gbp', 'chf', 'jpy']],
    ['the edge runtime', '/api/edge', ['sek', 'nok', 'dkk', 'cad']],
  ] as const)('in %s', (_, api, [shared, ending, removed, counted]) => {
    test('a route is loaded once, for all instances', async () => {
      const made = await ratesOf(first, `${api}/${shared}`)
      expect(made).toMatchObject({ base: shared, rates: { [shared]: 1 } })
      expect(await ratesOf(second, `${api}/${shared}`)).toEqual(made)
      await soon(async () => expect(await countOf(shared)).toBe(2))
      redis.resetStats()
      expect(await ratesOf(first, `${api}/${shared}`)).toEqual(made)
      // From memory: all that is sent is the count, behind the response.
      await soon(async () => expect(redis.stats().byCommand['INCRBY']).toBe(1))
      expect(redis.stats().byCommand['GET'] ?? 0).toBe(0)
    })

    test('what has ended is given at once, and made anew behind the response', async () => {
      const made = await ratesOf(first, `${api}/${ending}`)
      await pause(end)
      // Where nobody kept the work alive, a route on the edge would have to wait for it, and give what it made.
      expect(await ratesOf(first, `${api}/${ending}`)).toEqual(made)
      await soon(async () =>
        expect((await ratesOf(first, `${api}/${ending}`)).revision).not.toBe(made.revision),
      )
    })

    test('a removal reaches the other instance', async () => {
      const made = await ratesOf(first, `${api}/${removed}`)
      expect(await ratesOf(second, `${api}/${removed}`)).toEqual(made)
      expect((await fetch(`${second.found}${api}/${removed}`, { method: 'DELETE' })).status).toBe(204)
      expect((await ratesOf(second, `${api}/${removed}`)).revision).not.toBe(made.revision)
      await pause(end)
      await soon(async () =>
        expect((await ratesOf(first, `${api}/${removed}`)).revision).not.toBe(made.revision),
      )
    })

    test('what it is asked for is counted behind the response', async () => {
      const before = await countOf(counted)
      await ratesOf(first, `${api}/${counted}`)
      await ratesOf(second, `${api}/${counted}`)
      await soon(async () => expect(await countOf(counted)).toBe(before + 2))
    })

    test('what it does not know is not found', async () => {
      expect((await fetch(`${first.found}${api}/xyz`)).status).toBe(404)
    })
  })

  test('both runtimes share what Redis has', async () => {
    const made = await ratesOf(first, '/api/rates/aud')
    expect(await ratesOf(second, '/api/edge/aud')).toEqual(made)
  })

  test('the page shows the same', async () => {
    expect(await pageOf(first)).toMatch(/Revision <code>[0-9a-f-]{36}<\/code>; asked for \d+ times today/)
  })

  test('the proxy refuses blocked addresses, and nobody else', async () => {
    const ask = async (address: string): Promise<number> => {
      // The second field is the client's own choice: it must count for nothing.
      const headers = { 'x-real-ip': address, 'x-forwarded-for': '203.0.113.9' }
      return (await fetch(`${first.found}/api/rates/usd`, { headers })).status
    }
    expect(await ask('203.0.113.9')).toBe(403)
    expect(await ask('203.0.113.10')).toBe(403)
    expect(await ask('203.0.113.1')).toBe(200)
    expect((await fetch(first.found, { headers: { 'x-real-ip': '203.0.113.9' } })).status).toBe(200)
  })

  test('the proxy limits each address, over all instances, and says so in the headers', async () => {
    const env = { ...redis.env, REQUESTS_PER_MINUTE: '6' }
    await using one = await start(env)
    await using other = await start(env)
    const ask = ({ found }: Instance, address: string): Promise<Response> =>
      fetch(`${found}/api/rates/usd`, { headers: { 'x-real-ip': address } })
    const answers = [await ask(one, '198.51.100.7'), await ask(other, '198.51.100.7')]
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(answers[0]?.headers.get('ratelimit-policy')).toContain('"api";q=6;w=60')
    const denied = await soon(async () => {
      const answer = await ask(one, '198.51.100.7')
      answers.push(answer)
      expect(answer.status).toBe(429)
      return answer
    })
    // A check that Redis is too slow for lets a request pass, and tells no limit.
    const counted = answers.filter(({ status, headers }) => status === 200 && headers.has('ratelimit'))
    expect(counted).toHaveLength(2) // whichever instance was asked
    expect(Number(denied.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await ask(other, '198.51.100.8')).status).toBe(200)
  })

  test('without Redis it goes on, and a removal that is not confirmed is no success', async () => {
    const made = await ratesOf(first, '/api/rates/eur')
    await redis.stopRedis()
    expect((await ratesOf(first, '/api/rates/eur')).base).toBe(made.base)
    expect(await pageOf(first)).toContain('asked for an unknown number of times today')
    for (const api of ['/api/rates', '/api/edge'])
      expect((await fetch(`${first.found}${api}/usd`, { method: 'DELETE' })).status).toBe(503)
    await redis.startRedis()
  })

  test('without its variables it says which are missing', async () => {
    await using bare = await start({})
    for (const path of ['/api/rates/usd', '/api/edge/usd']) {
      const response = await fetch(bare.found + path)
      expect(response.status).toBe(500)
      expect(await response.text()).toContain('UPSTASH_REDIS_REST_URL')
    }
  })

  /** How often a base was asked for, as the app has counted. */
  async function countOf(base: string): Promise<number> {
    const [key] = (await command('KEYS', `rates:c:*:${base}`)) as string[]
    return key === undefined ? 0 : Number(await command('GET', key))
  }

  /** The result of a command, past the app. */
  async function command(...words: string[]): Promise<unknown> {
    const response = await fetch(redis.url, {
      method: 'POST',
      headers: { authorization: `Bearer ${redis.token}` },
      body: JSON.stringify(words),
    })
    return ((await response.json()) as { result: unknown }).result
  }
})
