import { expect, test } from 'vitest'
import { type Command, createHybridCache, type Transport } from '../../../src/index.ts'
import { LuaScripts } from '../../../src/lua/index.ts'
import { kinds } from './clients.ts'
import { onEveryServer } from './servers.ts'

const [kind] = kinds

// A stock Redis has none of Upstash's flags, and no server between that takes them off.
onEveryServer((port) => {
  test.each(['redis', 'upstash'] as const)(
    'scripts run, whatever dialect was assumed: %s',
    async (dialect) => {
      if (kind === undefined) throw new Error('there is no client')
      const { transport, close } = await kind.connect(port())
      const sent: Command[][] = []
      const watched: Transport = {
        dialect,
        send: (commands, options) => {
          sent.push([...commands])
          return transport.send(commands, options)
        },
      }
      const { scripts } = createHybridCache({
        redis: watched,
        keyPrefix: `tcp-scripts-${dialect}`,
        l2: { timeout: '15s' },
      })
      const add = (): Promise<unknown> =>
        scripts.execute(LuaScripts.IncrementWithExpiration, { keys: ['n'], args: [1, '1m'] })
      expect(await add()).toBe(1)
      const first = sent.length
      expect(await add()).toBe(2)
      expect(sent.slice(first).map((commands) => commands.map(([name]) => name))).toEqual([['EVALSHA']])
      expect(await scripts.execute(LuaScripts.GetMultiple, { keys: ['n', 'none'] })).toEqual(['2', null])
      const custom = `return {ARGV[1], redis.call('GET', KEYS[1])}`
      expect(await scripts.execute(custom, { keys: ['n'], args: ['ü'] })).toEqual(['ü', '2'])
      await expect(scripts.execute('return 1', { binary: true })).rejects.toThrow(TypeError)
      close()
    },
  )
})
