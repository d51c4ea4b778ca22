import { inspect } from 'node:util'
import fc from '../../support/fc.ts'
import { describe, expect, test } from 'vitest'
import { toReplyError } from '../../../src/redis/reply-error.ts'

const auth = 'L2_AUTH'
const limited = 'L2_RATE_LIMITED'
const reply = 'L2_REPLY'

describe('an error text of Redis', () => {
  test.each([
    ['WRONGPASS invalid username-password pair or user is disabled.', auth, false],
    ['WRONGPASS invalid or missing auth token', auth, false],
    ['NOAUTH Authentication required.', auth, false],
    ["NOPERM this user has no permissions to run the 'evalsha' command", auth, false],
    ['NOPERM No permissions to access a key', auth, false],
    ['Unauthorized', auth, false],
    ['ERR max requests limit exceeded. Limit: 500000, Usage: 500001', limited, true],
    ['ERR max daily request limit exceeded. Limit: 10000, Usage: 10000.', limited, true],
    ['ERR max requests limit exceeded', limited, true],
    ['ERR max bandwidth limit exceeded', limited, true],
    ["OOM command not allowed when used memory > 'maxmemory'.", reply, true],
    ["READONLY You can't write against a read only replica.", reply, true],
    ['LOADING Redis is loading the dataset in memory', reply, true],
    ['BUSY Redis is busy running a script.', reply, true],
    ['CLUSTERDOWN The cluster is down', reply, true],
    ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", reply, true],
    ['TRYAGAIN Multiple keys request during rehashing of slot', reply, true],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', reply, false],
    ['NOSCRIPT No matching script. Please use EVAL.', reply, false],
    ['MOVED 3999 127.0.0.1:6381', reply, false],
    ['ERR value is not an integer or out of range', reply, false],
    ['ERR max request size exceeded. Limit: 1048576 bytes, Actual: 1048577 bytes', reply, false],
    ["ERR unknown command 'FOO'", reply, false],
    ['syntax error near something', reply, false],
    ['', reply, false],
  ])('%j is %s, retryable: %s', (text, code, retryable) => {
    expect(toReplyError(text)).toMatchObject({ name: 'CacheError', code, retryable })
  })

  test.each([
    "ERR unknown command 'FOO', with args beginning with: 'unauthorized'",
    "ERR Error running script: user_script:1: unauthorized area 'rate limit'",
    'WRONGTYPE Operation against a key, command was: ["get","unauthorized"]',
    'ERR syntax error, command was: [["SET","rate limit","x"]]',
    'ERR syntax error, command was: [["SET","max requests limit exceeded","x"]]',
  ])('is classified by what the server says and not by data that it repeats: %s', (text) => {
    expect(toReplyError(text).code).toBe(reply)
  })

  test('shows its kind and nothing behind it', () => {
    const error = toReplyError("WRONGTYPE canary-key, command was: ['GET', 'canary-value']")
    expect(error.message).toBe('Redis answered with an error of kind WRONGTYPE')
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain('canary')
    expect(error.cause).toBeUndefined()
  })

  test.each([
    'canary lower case',
    'Canary',
    '{"canary":1}',
    'CANARY-KEY',
    ' CANARY',
    '\nCANARY',
    `${'CANARY'.repeat(9)} x`,
  ])('whose first word is no kind shows nothing of it: %j', (text) => {
    expect(toReplyError(text).message.toUpperCase()).not.toMatch(text === 'CANARY-KEY' ? /KEY/ : /CANARY/)
  })

  test('shows no first word that is none of Redis itself: a script may have been given it', () => {
    expect(toReplyError('CANARY is sold out').message).toBe('Redis answered with an error of kind ERR')
  })

  test('never shows a secret that stands behind the first word, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        const error = toReplyError(`${before} s3cr3t-${after}`)
        expect(inspect(error, { depth: Infinity })).not.toContain('s3cr3t')
      }),
    )
  })
})
