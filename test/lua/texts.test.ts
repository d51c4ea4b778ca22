import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { describe, expect, test } from 'vitest'
import { LuaScripts, textFor } from '../../src/lua/index.ts'
import { redisServerBin, startTestRedis } from '../support/redis-server.ts'
import { allScripts } from './lua.ts'

const folder = new URL('../../src/lua/', import.meta.url)
const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex')

function names(of: 'idempotent' | 'readonly' | 'dynamicKeys'): string[] {
  return allScripts.filter((script) => script[of]).map(({ name }) => name)
}

/** One command on a socket of its own: nothing between the text and the server. */
function raw(port: number, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1')
    socket.once('error', reject)
    socket.once('data', (reply) => {
      socket.destroy()
      resolve(reply.toString())
    })
    const lines = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
    socket.write(`*${words.length}\r\n${lines.join('')}`)
  })
}

test('there is a script for each file, and no other', () => {
  const files = readdirSync(folder).filter((file) => file.endsWith('.lua'))
  const expected = files.map((file) =>
    file.slice(0, -4).replace(/(?:^|_)(.)/g, (_, letter: string) => letter.toUpperCase()),
  )
  expect(Object.keys(LuaScripts)).toEqual(expected)
  expect(allScripts.map(({ name }) => name)).toEqual(expected)
})

describe.each(allScripts.map((script) => [script.name, script] as const))('%s', (_, script) => {
  test('both SHA-1s are those of the exact texts', () => {
    expect(script.sha1.redis).toBe(sha1(textFor(script, 'redis')))
    expect(script.sha1.upstash).toBe(sha1(textFor(script, 'upstash')))
    expect(textFor(script, 'redis')).toBe(script.source)
  })

  test('the texts differ in their first line only', () => {
    const [first, ...rest] = textFor(script, 'upstash').split('\n')
    expect(['', ...rest].join('\n')).toBe(script.source)
    const flags = script.readonly ? 'no-writes,allow-key-locking' : 'allow-key-locking'
    expect(first).toBe(script.dynamicKeys ? '' : `#!lua flags=${flags}`)
  })

  test('holds only ASCII, and nothing that ends a line but a line feed', () => {
    expect(script.source).toMatch(/^\n[\n -~]+$/)
  })
})

test('what is sent again, what only reads and what finds its keys itself', () => {
  expect(names('readonly')).toEqual(['GetMultiple'])
  expect(names('dynamicKeys')).toEqual(['DeleteByPattern'])
  expect(names('idempotent')).toEqual([
    'AcquireFencedLock',
    'AcquireLock',
    'CommitEntry',
    'DeleteByPattern',
    'ExpireEntries',
    'ExtendLock',
    'FillEntry',
    'GetAndExtendEntries',
    'GetAndExtendExpiration',
    'GetAndRefreshRelated',
    'GetMultiple',
    'InvalidateTags',
    'LeaseEntry',
    'ReleaseFencedLock',
    'ReleaseLock',
    'RemoveEntries',
    'SeedVersions',
    'SlideEntry',
  ])
})

test('the sources are short', () => {
  const lengths = readdirSync(folder)
    .filter((file) => file.endsWith('.lua'))
    .map((file) => readFileSync(new URL(file, folder), 'utf8').split('\n').length - 1)
    .toSorted((a, b) => a - b)
  expect(lengths.at(-1)).toBeLessThanOrEqual(80)
  expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThanOrEqual(30)
})

test.skipIf(redisServerBin() === undefined)(
  'a real Redis gives every plain text the same SHA-1',
  async () => {
    await using redis = await startTestRedis()
    for (const script of allScripts)
      expect(await raw(redis.port, ['SCRIPT', 'LOAD', script.source])).toBe(`$40\r\n${script.sha1.redis}\r\n`)
  },
)

test.skipIf(redisServerBin() === undefined)('a real Redis refuses the line that Upstash wants', async () => {
  await using redis = await startTestRedis()
  for (const script of allScripts.filter(({ dynamicKeys }) => !dynamicKeys))
    expect(await raw(redis.port, ['SCRIPT', 'LOAD', textFor(script, 'upstash')])).toMatch(
      /^-ERR Unexpected flag/,
    )
})
