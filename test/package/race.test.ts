import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { redisServerBin } from '../support/redis-server.ts'

const root = resolve(import.meta.dirname, '../..')

/** The rows of the tables that begin with a column without a name, their cells without padding. */
function rowsOf(text: string): string[] {
  const table = /^\| +\| memory only .*\n(?:\|.*\n?)+/m.exec(text)?.[0] ?? ''
  return table
    .trim()
    .split('\n')
    .map((row) => row.replaceAll(/ *\| */g, '|'))
}

test.skipIf(redisServerBin() === undefined)(
  'the race ends as the README says, and this cache gives nobody the old value for longer than it promises',
  async () => {
    if (!existsSync(join(root, 'test/peers/node_modules/.installed')))
      throw new Error('test/peers is not installed: run node scripts/install-heavy.js test/peers')
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['scripts/race/main.js'], {
      cwd: root,
    })
    expect(stderr).toBe('')
    expect(rowsOf(stdout).length).toBeGreaterThan(7)
    expect(rowsOf(readFileSync(join(root, 'README.md'), 'utf8'))).toEqual(rowsOf(stdout))
  },
  60_000,
)
