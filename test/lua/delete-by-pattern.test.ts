import { expect, test } from 'vitest'
import { DeleteByPattern } from '../../src/lua/index.ts'
import { describeScripts, type Lua, type Word } from './lua.ts'

describeScripts('DeleteByPattern', (lua) => {
  test('goes on from its cursor until 0, a bounded step at a time', async () => {
    await fill(lua(), 3_000, (i) => (i % 3 === 0 ? `gone:${i}` : `kept:${i}`))
    const first = await sweep(lua(), 'gone:*', 100)
    expect(first.steps).toBeGreaterThan(15)
    // A bucket of the hash table is never split: a step may see a few more than it was asked for.
    expect(first.most).toBeLessThanOrEqual(200)
    let deleted = first.deleted
    // The embedded engine's cursor is a position, and deleting moves others past it: it takes more rounds.
    if (lua().server.engine.startsWith('embedded'))
      for (let more = deleted; more > 0; deleted += more) more = (await sweep(lua(), 'gone:*', 100)).deleted
    expect(deleted).toBe(1_000)
    expect(await lua().redis('DBSIZE')).toBe(2_000)
  })

  test('no cursor is the start, and nothing to delete is an answer', async () => {
    expect(await lua().call(DeleteByPattern, ['*'], [10])).toEqual(['0', 0])
    await fill(lua(), 5, (i) => `k${i}`)
    expect(await lua().call(DeleteByPattern, ['x*'], [10_000])).toEqual(['0', 0])
    expect(await lua().call(DeleteByPattern, ['k*'], [10_000])).toEqual(['0', 5])
  })

  test('a step that finds nothing is no end', async () => {
    await fill(lua(), 2_000, (i) => (i === 1_234 ? 'needle' : `hay:${i}`))
    const { steps, deleted } = await sweep(lua(), 'needle', 50)
    expect(deleted).toBe(1)
    expect(steps).toBeGreaterThan(10)
  })

  test('many in one step, more than fit an unpack', async () => {
    await fill(lua(), 9_500, (i) => `k${i}`)
    const { deleted } = await sweep(lua(), 'k*', 10_000)
    expect(deleted).toBe(9_500)
    expect(await lua().redis('DBSIZE')).toBe(0)
  })

  test('keys of any type, and only those that match', async () => {
    await lua().redis('RPUSH', 'u[1]:list', 'x')
    await lua().redis('HSET', 'u[1]:hash', 'f', 'v')
    await lua().redis('MSET', 'u1:a', 'x', 'u[1]:a', 'x', 'U[1]:a', 'x')
    expect((await sweep(lua(), 'u\\[1\\]:*', 100)).deleted).toBe(3)
    expect(await lua().redis('DBSIZE')).toBe(2)
  })

  test.each<[string, Word[]]>([
    ['k*', [0]],
    ['k*', [10_001]],
    ['k*', [-1]],
    ['k*', ['1.5']],
    ['k*', ['']],
    ['k*', []],
    ['k*', [10, '']],
    ['k*', [10, 'x']],
    ['k*', [10, '-1']],
    ['k*', [10, '1'.repeat(21)]],
    ['', [10]],
    ['*'.repeat(1_089), [10]],
  ])('refuses the pattern %.20s with %j', async (pattern, args) => {
    await fill(lua(), 5, (i) => `k${i}`)
    expect((await lua().run(DeleteByPattern, [pattern], args)).error).toMatch(/^ERR hybrid-cache: /)
    expect(await lua().redis('DBSIZE')).toBe(5)
  })
})

async function fill(lua: Lua, count: number, name: (i: number) => string): Promise<void> {
  const words = Array.from({ length: count }, (_, i) => [name(i), 'v']).flat()
  await lua.redis('MSET', ...words)
}

async function sweep(
  lua: Lua,
  pattern: string,
  batch: number,
): Promise<{ steps: number; deleted: number; most: number }> {
  let [cursor, steps, deleted, most] = ['0', 0, 0, 0]
  do {
    const [next, count] = (await lua.call(DeleteByPattern, [pattern], [batch, cursor])) as [string, number]
    cursor = next
    steps += 1
    deleted += count
    most = Math.max(most, count)
  } while (cursor !== '0' && steps < 10_000)
  return { steps, deleted, most }
}
