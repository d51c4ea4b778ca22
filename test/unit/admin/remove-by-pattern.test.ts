import { expect, test } from 'vitest'
import { removeByPattern } from '../../../src/admin/index.ts'
import { type Command, createHybridCache, type HybridCache, type Reply } from '../../../src/index.ts'
import { nameOf } from '../../support/fake-redis.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { record } from '../../support/world.ts'

/** A Redis whose walks give these pages, whatever is asked. */
function walks(
  pages: readonly Reply[],
  { tombstones = [] }: { tombstones?: readonly string[] } = {},
): { cache: HybridCache<true>; sent: Command[] } {
  const sent: Command[] = []
  const left = [...pages]
  const send = async (commands: readonly Command[]): Promise<Reply[]> =>
    commands.map((command) => {
      sent.push(command)
      if (command[0] === 'SCAN') return left.shift() ?? null
      if (command[0] === 'GETRANGE') return tombstones.includes(String(command[1])) ? 'h1|t|' : 'h1|e|'
      return 1_700_000_000_000_000 // a version
    })
  return { cache: createHybridCache({ redis: { send }, clock: new ManualClock(), keyPrefix: 'p' }), sent }
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
