import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DevServer, startDevServer } from '../../src/dev/index.ts'
import { type Program, run, serve, type Service } from './support/process.ts'
import { bunProgram, denoProgram } from './support/programs.ts'
import { createProject } from './support/project.ts'

const runtimes = [
  { name: 'deno', program: denoProgram, args: ['run', '--allow-all', 'deno.ts'] },
  { name: 'bun', program: bunProgram, args: ['bun.ts'] },
]

describe.each(runtimes)('examples/$name.ts in a project of its own', ({ program, args }) => {
  const project = createProject()
  let redis: DevServer
  let example: Program
  let first: Service & { readonly found: string }
  let second: Service & { readonly found: string }

  beforeAll(async () => {
    redis = await startDevServer()
    const env = { ...redis.env, PORT: '0' }
    example = { file: program(), args, env, cwd: project.path }
    ;[first, second] = await Promise.all([start(example), start(example)])
  }, 30_000)
  afterAll(async () => {
    await Promise.all([first, second].map((service) => service?.[Symbol.asyncDispose]()))
    await redis.close()
    project[Symbol.dispose]()
  })

  test('a route is cached, in the process and in Redis', async () => {
    const made = await rates(first)
    expect(made).toMatchObject({ base: 'usd', eur: 0.92 })
    // Two of them give a new database its versions.
    expect(redis.stats().byCommand).toMatchObject({ GET: 1, SET: 3 })
    expect(await rates(first)).toEqual(made)
    expect(redis.stats().byCommand).toMatchObject({ GET: 1, SET: 3 })
    expect(await rates(second)).toEqual(made)
    expect(redis.stats().byCommand).toMatchObject({ GET: 2, SET: 3 })
  })

  test('the other route invalidates it', async () => {
    const made = await rates(first)
    const response = await fetch(`${first.found}/rates/usd`, { method: 'DELETE' })
    expect(response.status).toBe(204)
    const again = await rates(first)
    expect(again).toMatchObject({ base: 'usd' })
    expect(again).not.toEqual(made)
  })

  test('any other path says where to go', async () => {
    const response = await fetch(`${first.found}/`)
    expect([response.status, await response.text()]).toEqual([404, 'try /rates/usd'])
  })

  test('it goes on without Redis', async () => {
    await redis.stopRedis()
    const response = await fetch(`${first.found}/rates/chf`)
    expect(await response.json()).toMatchObject({ base: 'chf' })
    await redis.startRedis()
  })

  test('without its variables it says which are missing', async () => {
    await expect(run({ ...example, env: { PORT: '0' } }, { ms: 10_000 })).rejects.toThrow(
      'UPSTASH_REDIS_REST_URL',
    )
  })
})

test('examples/deno.ts passes the type check', async () => {
  using project = createProject()
  await run({ file: denoProgram(), args: ['check', 'deno.ts'], cwd: project.path }, { ms: 20_000 })
})

function start(example: Program): Promise<Service & { readonly found: string }> {
  return serve(example, { ready: urlIn, ms: 20_000 })
}

/** Both print the address that they listen on. */
function urlIn(output: string): string | undefined {
  return /Listening on (http:\S+?)\/?\s/.exec(output)?.[1]
}

async function rates({ found }: { readonly found: string }): Promise<unknown> {
  return (await fetch(`${found}/rates/usd`)).json()
}
