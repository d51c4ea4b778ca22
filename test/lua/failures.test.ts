import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import * as scripts from '../../src/lua/index.ts'
import type { LuaScript } from '../../src/lua/index.ts'
import { describeScripts, type Word } from './lua.ts'

/** Calls on a list where a string is expected, and the reverse: the command in which each must fail. */
const CASES: readonly (readonly [LuaScript, string, readonly Word[]])[] = [
  [scripts.GetAndExtendExpiration, 'GETEX', [9_000]],
  [scripts.CompareAndSwap, 'GET', ['a', 'b', 0]],
  [scripts.CompareAndDelete, 'GET', ['a']],
  [scripts.IncrementWithExpiration, 'INCRBY', [1, 0]],
  [scripts.IncrementWithin, 'GET', [1, 0, 5, 0]],
  [scripts.AcquireLock, 'GET', ['t', 9_000]],
  [scripts.ExtendLock, 'GET', ['t', 9_000]],
  [scripts.ReleaseLock, 'GET', ['t']],
  [scripts.GetAndRefreshRelated, 'GETEX', [9_000]],
  [scripts.RateLimitSlidingWindow, 'GET', [5, 9_000]],
  [scripts.AppendToLimitedList, 'RPUSH', ['v', 5, 9_000]],
]

function fileOf({ name }: LuaScript): string {
  return name.replace(/(?!^)([A-Z])/g, '_$1').toLowerCase()
}

function lineOf(script: LuaScript, command: string): number {
  const text = readFileSync(new URL(`../../src/lua/${fileOf(script)}.lua`, import.meta.url), 'utf8')
  return text.split('\n').findIndex((line) => line.includes(`redis.call('${command}'`)) + 1
}

describeScripts('failures', (lua) => {
  test.each(CASES.map(([script, command, args]) => [script.name, command, args, script] as const))(
    '%s on a key of the wrong type names the line of its %s, and changes nothing',
    async (_, command, args, script) => {
      const list = command === 'RPUSH' ? ['SET', 'k', 'a text'] : ['RPUSH', 'k', 'an element']
      await lua().redis(...list)
      const { error } = await lua().run(script, ['k'], args)
      expect(error).toBe(
        'WRONGTYPE Operation against a key holding the wrong kind of value ' +
          `script: ${script.sha1[lua().dialect]}, on @user_script:${lineOf(script, command)}.`,
      )
      expect(await lua().redis('PTTL', 'k')).toBe(-1)
      expect(await lua().redis('DBSIZE')).toBe(1)
      expect(await lua().redis(command === 'RPUSH' ? 'STRLEN' : 'LLEN', 'k')).toBe(
        command === 'RPUSH' ? 6 : 1,
      )
    },
  )

  test('a failure in the middle of a file, after an include, names its line too', async () => {
    await lua().redis('SET', 'k', '9223372036854775807')
    const { error } = await lua().run(scripts.IncrementWithExpiration, ['k'], [1, 0])
    expect(error).toContain(`on @user_script:${lineOf(scripts.IncrementWithExpiration, 'INCRBY')}.`)
  })
})
