import { createHash } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { startLiveOutput } from '../../../src/dev/cli-output.ts'
import type { DevServerStats } from '../../../src/dev/index.ts'
import { describeOnEngines } from './engines.ts'
import { post, rest, run } from './rest.ts'

const LOCKING = '#!lua flags=allow-key-locking\n'

describeOnEngines('keys that a script lists and never touches', (server) => {
  /** Runs a script on a clean slate, once for every list of arguments; gives what is reported of it. */
  const reported = async (
    script: string,
    runs: readonly (readonly (string | number)[])[],
    shebang = LOCKING,
  ) => {
    const text = `${shebang}${script}`
    await run(server(), 'FLUSHALL')
    server().resetStats()
    for (const words of runs) await run(server(), 'EVAL', text, ...words)
    const { warnings } = server().stats()
    const sha = createHash('sha1').update(text).digest('hex')
    expect(Object.keys(warnings?.unusedKeys ?? {}).filter((other) => other !== sha)).toEqual([])
    return warnings?.unusedKeys[sha]
  }
  const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value)
  const INCR = "redis.call('INCR', KEYS[1])"

  test('are reported after three runs, by position, with a count, and never by name', async () => {
    const script = `return ${INCR}`
    expect(await reported(script, times(2, [2, 'k', 'secret']))).toBeUndefined()
    expect(await reported(script, times(3, [2, 'k', 'secret']))).toEqual({ positions: [2], runs: 3 })
    expect(await reported(script, times(5, [4, 'k', 'secret', 'k', '']))).toEqual({
      positions: [2, 4],
      runs: 5,
    })
    expect(JSON.stringify(server().stats())).not.toContain('secret')
  })

  test('are in the statistics over HTTP until these are reset, and counted anew after that', async () => {
    await reported(`return ${INCR}`, times(3, [2, 'k', 'x']))
    const page = (await rest(server(), '/_stats')).json as DevServerStats
    expect(page.warnings).toEqual(server().stats().warnings)
    expect(Object.values(page.warnings?.unusedKeys ?? {})).toEqual([{ positions: [2], runs: 3 }])
    await post(server(), '/_stats/reset', '')
    expect(server().stats()).toEqual({ requests: 0, commands: 0, byCommand: {} })
    await run(server(), 'EVAL', `${LOCKING}return ${INCR}`, 2, 'k', 'x')
    expect(server().stats().warnings).toBeUndefined()
  })

  test('are found by EVALSHA and in a transaction as well', async () => {
    const text = `${LOCKING}return ${INCR} -- by its SHA-1`
    const { result: sha } = (await run(server(), 'SCRIPT', 'LOAD', text)) as { result: string }
    server().resetStats()
    await run(server(), 'EVALSHA', sha, 2, 'k', 'x')
    await run(server(), 'EVALSHA', sha.toUpperCase(), 2, 'k', 'x')
    await post(server(), '/multi-exec', [['EVALSHA', sha, 2, 'k', 'x']])
    expect(server().stats().warnings).toEqual({ unusedKeys: { [sha]: { positions: [2], runs: 3 } } })
  })

  test('not once it has been touched, before or after', async () => {
    const script = `${INCR} if ARGV[1] == 'both' then redis.call('GET', KEYS[2]) end return 1`
    const one = [2, 'k', 'x', 'one']
    const both = [2, 'k', 'x', 'both']
    expect(await reported(script, [...times(5, one), both])).toBeUndefined()
    expect(await reported(script, [both, ...times(5, one)])).toBeUndefined()
    expect(await reported(script, [...times(3, one), both, ...times(3, one)])).toBeUndefined()
    expect(await reported(script, times(5, one))).toEqual({ positions: [2], runs: 5 })
  })

  test('with keys in varying number, each position by itself', async () => {
    const script = 'for at = 1, #KEYS - 1 do redis.call("GET", KEYS[at]) end return 1'
    const keys = ['a', 'b', 'c', 'd']
    const lists = [2, 2, 2, 3].map((count) => [count, keys.slice(0, count)].flat())
    expect(await reported(script, lists.slice(0, 3))).toEqual({ positions: [2], runs: 3 })
    expect(await reported(script, lists)).toBeUndefined()
    expect(
      await reported(
        script,
        [3, 2, 3, 3].map((count) => [count, keys.slice(0, count)].flat()),
      ),
    ).toEqual({
      positions: [3],
      runs: 3,
    })
    expect(await reported(script, [...lists, ...times(2, [3, 'a', 'b', 'c'])])).toEqual({
      positions: [3],
      runs: 3,
    })
  })

  test('not by a script without the flag', async () => {
    for (const shebang of ['', '#!lua\n'])
      expect(await reported(`return ${INCR}`, times(4, [2, 'k', 'x']), shebang)).toBeUndefined()
  })

  test.each([
    ['that raised an error', `${INCR} error('no')`],
    ['that failed in a command', `${INCR} redis.call('LPUSH', KEYS[1], 1)`],
    ['that answered with an error', `${INCR} return redis.error_reply('NO')`],
    ['that touched nothing', 'return 1'],
    ['that touched the first one and returned nil', `${INCR} return nil`],
    ['that touched the first one and returned false', "return redis.call('LPOP', KEYS[1])"],
    ['that touched the first one and returned nothing', `${INCR} return`],
  ])('not by runs %s', async (_, script) => {
    expect(await reported(script, times(4, [2, 'k', 'x']))).toBeUndefined()
    // The same run among others is one that says nothing, not one that acquits.
    const mixed = `if ARGV[1] == 'stop' then ${script} end ${INCR} return 1`
    const stop = [2, 'k', 'x', 'stop']
    const go = [2, 'k', 'x', 'go']
    expect(await reported(mixed, [stop, go, go, stop])).toBeUndefined()
    expect(await reported(mixed, [stop, go, stop, go, go])).toEqual({ positions: [2], runs: 3 })
  })

  test('not by runs that touched only another than the first and returned nil', async () => {
    expect(await reported("redis.call('GET', KEYS[2]) return nil", times(4, [2, 'k', 'x']))).toBeUndefined()
  })

  test('by runs that touched more than the first one, whatever they returned', async () => {
    const script = `${INCR} redis.call('GET', KEYS[2]) return nil`
    expect(await reported(script, times(3, [3, 'k', 'x', 'y']))).toEqual({ positions: [3], runs: 3 })
    expect(await reported("redis.call('GET', KEYS[2]) return 1", times(3, [2, 'k', 'x']))).toEqual({
      positions: [1],
      runs: 3,
    })
  })

  test('whatever a script makes of KEYS while it runs', async () => {
    expect(await reported(`KEYS[2] = nil return ${INCR}`, times(3, [2, 'k', 'x']))).toEqual({
      positions: [2],
      runs: 3,
    })
  })

  test('also when a command with another key was refused meanwhile', async () => {
    const script = `${INCR} redis.pcall('MGET', KEYS[1], 'unlisted') return 1`
    expect(await reported(script, times(3, [2, 'k', 'x']))).toEqual({ positions: [2], runs: 3 })
  })
})

test('the warnings of the command line: each script once, above the line with the counters', () => {
  vi.useFakeTimers()
  try {
    for (const isTTY of [true, false]) {
      const clear = isTTY ? '\r\u001B[2K' : ''
      const written: string[] = []
      let stats: DevServerStats = { requests: 1, commands: 2, byCommand: {} }
      const stop = startLiveOutput({ isTTY, write: (text: string) => written.push(text) }, () => stats)
      const line = isTTY ? [`${clear}1 HTTP request, 2 billed commands`] : []
      const first = { positions: [2], runs: 3 }
      stats = { ...stats, warnings: { unusedKeys: { abc: first } } }
      vi.advanceTimersByTime(500)
      const warning = `${clear}Warning: script abc left KEYS[2] untouched in 3 runs; Upstash locks every one of KEYS while it runs.\n`
      expect(written.splice(0)).toEqual([...line, warning, ...line])
      stats = { ...stats, warnings: { unusedKeys: { abc: { ...first, runs: 9 } } } }
      vi.advanceTimersByTime(5_000)
      expect(written.splice(0)).toEqual([])
      const many = { positions: [2, 3, 4, 5, 6, 7, 8], runs: 4 }
      stats = { ...stats, warnings: { unusedKeys: { abc: first, def: many } } }
      stop()
      expect(written.join('')).toBe(
        `${clear}Warning: script def left KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6] and 2 more untouched in 4 runs; ` +
          'Upstash locks every one of KEYS while it runs.\n',
      )
      expect(vi.getTimerCount()).toBe(0)
    }
  } finally {
    vi.useRealTimers()
  }
})
