import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { readCommandLine } from '../../../src/dev/cli-options.ts'
import { printSummary, startLiveOutput } from '../../../src/dev/cli-output.ts'
import { buildCli, startCli } from './cli-process.ts'
import { NO_REDIS } from './engines.ts'

const CACHE = 'node_modules/.cache'

let inside: string
let outside: string

beforeAll(async () => {
  // Inside the project the optional engine is found; in the other folder nothing is.
  inside = `${CACHE}/hybrid-cache-cli-${process.pid}`
  outside = await mkdtemp(join(tmpdir(), 'hybrid-cache-cli-'))
  await Promise.all([inside, outside].map((folder) => buildCli(join(folder, 'cli.mjs'))))
})

afterAll(() => Promise.all([inside, outside].map((folder) => rm(folder, { recursive: true, force: true }))))

const cli = (...args: string[]): ReturnType<typeof startCli> => startCli(join(inside, 'cli.mjs'), args)

describe.each([
  { engine: 'embedded', missing: false },
  { engine: 'redis-server', missing: NO_REDIS },
])('the command line on $engine', ({ engine, missing }) => {
  test.skipIf(missing).each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'serves, prints the environment, and ends on %s with nothing left',
    async (signal) => {
      await using running = cli('dev', '--port', '0', '--engine', engine, '--token', 'my-token')
      const [, url = ''] = await running.printed(/^UPSTASH_REDIS_REST_URL=(http:\/\/127\.0\.0\.1:\d+)$/m)
      await running.printed(/^UPSTASH_REDIS_REST_TOKEN=my-token$/m)
      const headers = { authorization: 'Bearer my-token' }
      const body = JSON.stringify([
        ['SET', 'private-key', 'private-value'],
        ['GET', 'private-key'],
      ])
      const answer = await fetch(`${url}/pipeline`, { method: 'POST', headers, body })
      expect(await answer.json()).toEqual([{ result: 'OK' }, { result: 'private-value' }])
      const children = descendants(running.child.pid)
      expect(children).toHaveLength(engine === 'embedded' ? 0 : 2)

      running.child.kill(signal)
      expect(await running.ended()).toBe(0)
      expect(running.output()).toContain(
        '1 HTTP request, 2 billed commands\n         1  SET\n         1  GET\n',
      )
      expect(running.output()).not.toContain('private')
      expect(running.output()).not.toContain('\u001B')
      await expect(fetch(`${url}/ping`, { headers })).rejects.toThrow('fetch failed')
      expect(children.filter(isAlive)).toEqual([])
    },
  )

  test.skipIf(missing)('killed without a chance to clean up, it leaves nothing either', async () => {
    await using running = cli('dev', '--port', '0', '--engine', engine)
    await running.printed(/^UPSTASH_REDIS_REST_TOKEN=[\w-]{32}$/m)
    const children = descendants(running.child.pid)
    running.child.kill('SIGKILL')
    expect(await running.ended()).toBe('SIGKILL')
    await vi.waitFor(() => expect(children.filter(isAlive)).toEqual([]), { timeout: 5_000 })
  })
})

describe('the command line', () => {
  test('without js-redis-server it says how to run with it', async () => {
    await using running = startCli(join(outside, 'cli.mjs'), ['dev', '--port', '0'])
    expect(await running.ended()).toBe(1)
    expect(running.output()).toContain('npx -p hybrid-cache -p js-redis-server hybrid-cache dev\n')
    expect(running.output()).not.toContain('    at ')
  })

  test('without a redis-server it says what to do', async () => {
    const env = { PATH: outside, REDIS_SERVER_BIN: '' }
    await using running = startCli(
      join(inside, 'cli.mjs'),
      ['dev', '--port', '0', '--engine', 'redis-server'],
      env,
    )
    expect(await running.ended()).toBe(1)
    expect(running.output()).toContain('No redis-server program was found in PATH or REDIS_SERVER_BIN')
  })

  test('an empty --host, such as of a variable that is not set, opens nothing', async () => {
    await using running = cli('dev', '--port', '0', '--host=')
    await running.printed(/^host must be an address or a name$/m)
    expect(await running.ended()).toBe(1)
  })

  test('when nobody reads its output any more it still ends in order', async () => {
    await using running = cli('dev', '--port', '0')
    await running.printed(/^UPSTASH_REDIS_REST_TOKEN=/m)
    running.child.stdout?.destroy()
    running.child.kill('SIGTERM')
    expect(await running.ended()).toBe(0)
  })

  test('warns once of a key that a script locks for nothing', async () => {
    await using running = cli('dev', '--port', '0', '--token', 't')
    const [, url = ''] = await running.printed(/^UPSTASH_REDIS_REST_URL=(.*)$/m)
    const script = "#!lua flags=allow-key-locking\nreturn redis.call('INCR', KEYS[1])"
    const body = JSON.stringify(['EVAL', script, 2, 'private-a', 'private-b'])
    const send = () => fetch(url, { method: 'POST', headers: { authorization: 'Bearer t' }, body })
    for (let run = 0; run < 3; run++) await send()
    await running.printed(/^Warning: script [0-9a-f]{40} left KEYS\[2\] untouched in 3 runs;/m)
    await send()
    running.child.kill('SIGTERM')
    expect(await running.ended()).toBe(0)
    expect(running.output().match(/Warning/g)).toHaveLength(1)
    expect(running.output()).not.toContain('private')
  })

  test('--help', async () => {
    await using running = cli('--help')
    expect(await running.ended()).toBe(0)
    expect(running.output()).toContain('Usage: hybrid-cache dev')
  })

  test.each([
    [[], 'The only command is'],
    [['serve'], 'The only command is'],
    [['dev', '--port', 'x'], '--port must be a whole number'],
    [['dev', '--engine', 'mine'], '--engine must be embedded or redis-server'],
    [['dev', '--engine', 'embedded', '--redis', 'redis://h'], 'not both'],
    [['dev', '--nonsense'], 'nonsense'],
  ])('%j is refused', (args, message) => {
    expect(() => readCommandLine(args)).toThrow(message)
  })

  test('the defaults and every option', () => {
    expect(readCommandLine(['dev'])).toEqual({ help: false, options: { port: 8079, engine: 'embedded' } })
    const line = 'dev --port 1 --host ::1 --token t --redis redis://h:1/2 --max-body 5'
    expect(readCommandLine(line.split(' '))).toEqual({
      help: false,
      options: { port: 1, host: '::1', token: 't', engine: { url: 'redis://h:1/2' }, maxBodyBytes: 5 },
    })
  })
})

describe('the counters on a terminal', () => {
  test('are one line that is written again when they change', () => {
    vi.useFakeTimers()
    try {
      const written: string[] = []
      const output = { isTTY: true, write: (text: string) => written.push(text) }
      let stats = { requests: 0, commands: 0, byCommand: {} }
      const stop = startLiveOutput(output, () => stats)
      vi.advanceTimersByTime(5_000)
      stats = { requests: 1, commands: 2, byCommand: {} }
      vi.advanceTimersByTime(5_000)
      stop()
      expect(written).toEqual([
        '\r\u001B[2K0 HTTP requests, 0 billed commands',
        '\r\u001B[2K1 HTTP request, 2 billed commands',
        '\r\u001B[2K',
      ])
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  test('at the end come with the commands, the most frequent first', () => {
    const written: string[] = []
    printSummary(
      { write: (text: string) => written.push(text) },
      { requests: 2, commands: 12, byCommand: { A: 2, B: 10 } },
    )
    expect(written.join('')).toBe('2 HTTP requests, 12 billed commands\n        10  B\n         2  A\n')
  })
})

function descendants(pid: number | undefined): number[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid=']).toString().trim().split('\n')
  const pairs = table.map((line) => line.trim().split(/\s+/).map(Number))
  return pairs
    .filter(([, parent]) => parent === pid)
    .map(([child]) => child ?? 0)
    .filter((child) => isAlive(child))
}

/** A process that has ended but that nobody has waited for yet is not running any more. */
function isAlive(pid: number): boolean {
  try {
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)])
      .toString()
      .startsWith('Z')
  } catch {
    return false
  }
}
