import { expect, test } from 'vitest'
import type { HybridCache } from '../../../src/index.ts'
import { LuaScripts } from '../../../src/lua/index.ts'
import { World } from '../../support/world.ts'

const { SetIfExists, DeleteByPattern, GetMultiple } = LuaScripts
type Run = (scripts: HybridCache<true>['scripts']) => Promise<unknown>

test.each<[string, Run, RegExp]>([
  ['too few keys', (s) => s.execute(SetIfExists, { keys: [], args: ['v', 0] }), /takes 1 keys/],
  [
    'too many of what has a range',
    (s) => s.execute(DeleteByPattern, { keys: ['k'], args: [1, 2, 3] } as never),
    /1 to 2/,
  ],
  ['none of what takes any number', (s) => s.execute(GetMultiple, { keys: [] }), /1 or more/],
  [
    'arguments where there are none',
    (s) => s.execute(GetMultiple, { keys: ['k'], args: ['a'] } as never),
    /none/,
  ],
  ['a text with half a character', (s) => s.execute("return '\ud800'"), /well-formed/],
  ['an empty text', (s) => s.execute(' '), /Lua text/],
])('%s is a TypeError that says what is taken, and nothing is sent', async (_, run, says) => {
  const world = new World()
  const cache = (await world.warm()) as HybridCache<true>
  const failed = (async () => run(cache.scripts))()
  await expect(failed).rejects.toThrow(says)
  await expect(failed).rejects.toThrow(TypeError)
  expect(world.redis.take()).toEqual([])
})
