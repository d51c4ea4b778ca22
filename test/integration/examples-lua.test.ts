import { execFile, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { onEveryEngine } from '../support/servers.ts'

const root = join(import.meta.dirname, '../..')
const folder = join(root, 'examples/lua')

const outputs: Record<string, RegExp> = {
  'lock.js': lines(
    'two: somebody else is at it',
    'three: somebody else is at it',
    'one: wrote the report',
    'four, later: wrote the report',
  ),
  'limit.js': lines(
    'ann: 200 hello, 2 left',
    'ann: 200 hello, 1 left',
    'ann: 200 hello, 0 left',
    'ann: 429 too many requests, retry after (?:10|[5-9]) s',
    'bob: 200 hello, 2 left',
  ),
  'counter.js': lines(
    'a visit: 1',
    'a hundred at once: 101',
    'HTTP requests for those: 1',
    'one was a robot: 100',
  ),
  'stock.js': lines('taken: cups, pots', 'not enough: pots', "left: \\[ '3', '0' \\]"),
}

function lines(...expected: string[]): RegExp {
  return new RegExp(`^${expected.join('\n')}\n$`)
}

/** Rejects unless it ends by itself, well. */
async function run(name: string, env: Readonly<Record<string, string>>): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [join(folder, name)], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    timeout: 15_000,
  })
  expect(stderr).toBe('')
  return stdout
}

test('every example is run here, and the README says how', () => {
  const readme = readFileSync(join(folder, 'README.md'), 'utf8')
  const examples = readdirSync(folder).filter((name) => name.endsWith('.js') && name !== 'redis.js')
  expect(examples.toSorted()).toEqual(Object.keys(outputs).toSorted())
  expect([...readme.matchAll(/^node examples\/lua\/(\S+)$/gm)].map((match) => match[1]).toSorted()).toEqual(
    examples.toSorted(),
  )
})

test('they are typed', () => {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' })
  expect(stdout).toBe('')
})

// They have the deadlines that a reader has, which a busy machine may exceed: then they get another chance.
const again = { retry: 2 }

test.each(Object.entries(outputs))('%s with a local server of its own', again, async (name, output) => {
  expect(await run(name, {})).toMatch(output)
})

onEveryEngine('with the database of the environment', (server) => {
  const left: string[] = []

  test.each(Object.entries(outputs))('%s', again, async (name, output) => {
    await command('flushall') // what a run before this one has left, or a try
    server().resetStats()
    expect(await run(name, server().env)).toMatch(output)
    expect(server().stats().byCommand).toHaveProperty('EVALSHA')
    left.push(...((await command('keys/*')) as string[]))
  })

  test('no lock is left behind, and all keys have the prefix of the examples', () => {
    expect(left.map((key) => key.replace(/\d{4}-\d\d-\d\d$/, 'DAY')).toSorted()).toEqual([
      'examples:s:cups',
      'examples:s:limit:ann',
      'examples:s:limit:bob',
      'examples:s:pots',
      'examples:s:visits:DAY',
    ])
  })

  async function command(path: string): Promise<unknown> {
    const { url, token } = server()
    const response = await fetch(`${url}/${path}`, { headers: { authorization: `Bearer ${token}` } })
    return ((await response.json()) as { result: unknown }).result
  }
})
