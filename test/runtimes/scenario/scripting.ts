import { LuaScripts } from '../../../src/lua/index.ts'
import { equal, failure, ok, refused } from './assert.ts'
import type { Checks, Toolbox } from './toolbox.ts'

function scriptsOf(t: Toolbox) {
  const { scripts } = t.isolate()
  if (scripts === undefined) throw new Error('a cache with Redis has no scripts')
  return scripts
}

export const scripting: Checks = {
  'a built-in script: counts, with a duration, under the prefix': async (t) => {
    const scripts = scriptsOf(t)
    const add = (amount: number) =>
      scripts.execute(LuaScripts.IncrementWithExpiration, { keys: ['n'], args: [amount, '1m'] })
    equal([await add(5), await add(-2)], [5, 3])
    equal(await t.redis('GET', `${t.prefix}:s:n`), '3')
  },

  "a script of one's own: by its SHA-1 from the second time on, many in one request": async (t) => {
    const scripts = scriptsOf(t)
    const lua = `return {KEYS[1], ARGV[1], ARGV[2], false, {'OK', 7}} -- ${t.prefix}`
    const reply = await scripts.execute(lua, { keys: ['k'], args: ['ünïcödé 🙂 "\n', 1.5] })
    equal(reply, [`${t.prefix}:s:k`, 'ünïcödé 🙂 "\n', '1.5', null, ['OK', 7]])
    const runs = () => Promise.all([1, 2, 3].map((n) => scripts.execute(lua, { keys: ['k'], args: [n] })))
    equal(await t.costOf(runs), { requests: 1, commands: 3 })
  },

  'a prepared script: bytes come back exactly': async (t) => {
    const bytes = await scriptsOf(t).prepare<Uint8Array>('return string.char(0, 127, 128, 255)', {
      readonly: true,
    })
    equal([...(await bytes.execute({ binary: true }))], [0, 127, 128, 255])
  },

  'a failing script: names the line, and shows nothing': async (t) => {
    const run = () =>
      scriptsOf(t).execute("\nreturn redis.call('INCRBY', KEYS[1], ARGV[1])", {
        keys: ['k'],
        args: ['secret'],
      })
    const error = (await failure(run)) as Error & { code?: string }
    equal(error.code, 'SCRIPT')
    ok(/line 2/.test(error.message) && !/secret/.test(error.message), error.message)
    await refused(() => scriptsOf(t).execute('return 1', { args: [Number.NaN] }), 'NaN')
  },
}
