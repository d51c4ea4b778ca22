import { expect, test } from 'vitest'
import { removeByPattern } from '../../../src/admin/index.ts'
import {
  type Command,
  createHybridCache,
  type HybridCache,
  RedisReplyError,
  type Reply,
} from '../../../src/index.ts'
import { type FakeRedis, nameOf } from '../../support/fake-redis.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { record, World } from '../../support/world.ts'

interface Walked {
  readonly cache: HybridCache<true>
  readonly clock: ManualClock
  readonly sent: Command[]
}

/** A Redis whose walks give these pages, whatever is asked; a request takes so many milliseconds. */
function walks(
  pages: readonly Reply[],
  { tombstones = [], ms = 0 }: { tombstones?: readonly string[]; ms?: number } = {},
): Walked {
  const clock = new ManualClock()
  const sent: Command[] = []
  const left = [...pages]
  const send = async (commands: readonly Command[]): Promise<Reply[]> => {
    if (ms > 0) await new Promise<void>((resolve) => void clock.setTimeout(resolve, ms))
    return commands.map((command) => {
      sent.push(command)
      if (command[0] === 'SCAN') return left.shift() ?? null
      if (command[0] === 'GETRANGE') return tombstones.includes(String(command[1])) ? 'h1|t|' : 'h1|e|'
      return 1_700_000_000_000_000 // a version
    })
  }
  return { cache: createHybridCache({ redis: { send }, clock, keyPrefix: 'p' }), clock, sent }
}

/** The keys of the entries that a request removes. */
function removed(command: Command | undefined): unknown {
  if (command === undefined || nameOf(command) !== 'RemoveEntries') return command?.slice(0, 3)
  return ['RemoveEntries', ...command.slice(4, 2 + Number(command[2]))]
}

test('what comes up more often is counted once, empty pages are no end, and nothing empty is sent', async () => {
  const { cache, sent } = walks([
    ['17', []],
    ['3', ['p:e:a', 'p:e:b', 'p:e:a']],
    ['9', ['p:e:b']],
    ['5', []],
    ['0', ['p:e:c', 'p:e:a']],
  ])
  expect(await removeByPattern(cache, '*', { batchSize: 2 })).toBe(3)
  expect(
    sent.filter(([name]) => name !== 'GETRANGE').map((each) => (each[0] === 'SCAN' ? each : removed(each))),
  ).toEqual([
    ['SCAN', '0', 'MATCH', 'p:e:*', 'COUNT', 2],
    ['SCAN', '17', 'MATCH', 'p:e:*', 'COUNT', 2],
    ['RemoveEntries', 'p:e:a', 'p:e:b'],
    ['SCAN', '3', 'MATCH', 'p:e:*', 'COUNT', 2],
    ['SCAN', '9', 'MATCH', 'p:e:*', 'COUNT', 2],
    ['SCAN', '5', 'MATCH', 'p:e:*', 'COUNT', 2],
    ['RemoveEntries', 'p:e:c'],
  ])
})

test('keys that do not belong here are left alone, whatever Redis says', async () => {
  const { cache, sent } = walks([['0', ['p:e:abc', 'p:e:b', 'q:e:abc', 'p:n:x:e:abc', 'p:e', '']]])
  expect(await removeByPattern(cache, 'a*')).toBe(1)
  expect(removed(sent.at(-1))).toEqual(['RemoveEntries', 'p:e:abc'])
})

test('a key that holds a tombstone already is not removed again', async () => {
  const { cache, sent } = walks([['0', ['p:e:a', 'p:e:b']]], { tombstones: ['p:e:a'] })
  expect(await removeByPattern(cache, '*')).toBe(1)
  expect(removed(sent.at(-1))).toEqual(['RemoveEntries', 'p:e:b'])
})

test('a key of another type is removed too', async () => {
  const world = new World()
  await world.warm()
  await world.redis.send([['RPUSH', 'hc:e:a', 'an element']], {
    signal: new AbortController().signal,
    idempotent: false,
  })
  expect(await removeByPattern(world.isolate() as HybridCache<true>, '*')).toBe(1)
  expect(world.redis.take().at(-1)).toEqual(['RemoveEntries'])
})

test('however many match and however long each look takes, a tombstone is seen as one', async () => {
  const keys = Array.from({ length: 2500 }, (_, i) => `p:e:${i}`)
  const { cache, sent, clock } = walks([['0', keys]], { tombstones: keys.slice(0, -1), ms: 400 })
  const call = removeByPattern(cache, '*', { batchSize: 10_000, dryRun: true })
  for (let requests = 0; requests < 4; requests++) await clock.advance(400)
  expect(await call).toBe(1)
  expect(sent).toHaveLength(1 + keys.length)
})

/** A cache on a Redis that holds the key `a`, and tells nobody what is under it. */
async function unreadable(spoil: (redis: FakeRedis) => void): Promise<HybridCache<true>> {
  const world = new World()
  await world.isolate().set('a', 1)
  spoil(world.redis)
  return world.isolate({ breaker: 'off', l2: { retries: 0 } }) as HybridCache<true>
}

test.each([
  ['a dry run', true],
  ['a removal', false],
])('%s rejects where nobody can tell what is a tombstone', async (_, dryRun) => {
  const cache = await unreadable((redis) => {
    redis.before = (commands) => {
      if (commands.some(([name]) => name === 'GETRANGE')) throw new TypeError('fetch failed')
    }
  })
  const errors = record(cache, 'error')
  await expect(removeByPattern(cache, '*', { dryRun })).rejects.toMatchObject({ code: 'L2_NETWORK' })
  expect(errors).toMatchObject([{ operation: 'removeByPattern' }])
})

test.each([
  ['LOADING Redis is loading the dataset in memory', 'L2_REPLY'],
  ['NOPERM this user has no permissions to run the command', 'L2_AUTH'],
  ["ERR unknown command 'GETRANGE'", 'L2_REPLY'],
  ['MOVED 3999 127.0.0.1:6381', 'L2_REPLY'],
])('%s: nobody can tell either', async (text, code) => {
  const cache = await unreadable((redis) => redis.replies.set('GETRANGE', new RedisReplyError(text)))
  await expect(removeByPattern(cache, '*')).rejects.toMatchObject({ code })
})

test('what is removed is not removed again where tombstones cannot be told apart', async () => {
  const world = new World()
  const cache = world.isolate()
  await cache.set('a', 1)
  await cache.remove('a')
  world.redis.replies.set('GETRANGE', new RedisReplyError("ERR unknown command 'GETRANGE'"))
  world.redis.take()
  await expect(removeByPattern(cache, '*')).rejects.toMatchObject({ code: 'L2_REPLY' })
  expect(world.redis.take().flat()).not.toContain('RemoveEntries')
})

test.each<[string, Reply]>([
  ['null', null],
  ['text', 'OK'],
  ['a page without keys', ['0']],
  ['a cursor that is none', ['x', []]],
])('%s is no page', async (_, reply) => {
  const { cache } = walks([reply])
  const errors = record(cache, 'error')
  await expect(removeByPattern(cache, '*')).rejects.toMatchObject({ code: 'L2_REPLY' })
  expect(errors).toMatchObject([{ operation: 'removeByPattern' }])
})

test('what onProgress throws ends the call', async () => {
  const { cache, sent } = walks([['1', []]])
  const onProgress = (): never => {
    throw new Error('no more')
  }
  await expect(removeByPattern(cache, '*', { onProgress })).rejects.toThrow('no more')
  expect(sent).toHaveLength(1)
})
