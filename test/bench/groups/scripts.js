// @ts-check
import { createHybridCache } from 'hybrid-cache'
import { LuaScripts } from 'hybrid-cache/lua'
import { CommandCounter } from '../commands.js'
import { inTime, senderTo } from '../server.js'
import { openStage } from '../stage.js'

/** @import { Row } from '../ratio.js' */

/**
 * A script as it is used, and the command that comes nearest to it. `n` is a number that no other call has.
 *
 * @typedef {{ keys: string[], args?: (string | number)[], bare: (string | number)[] }} Use
 */

const minute = 60_000
const ten = Array.from({ length: 10 }, (_, i) => `many${i}`)

/** @type {Readonly<Record<string, (n: number) => Use>>} */
const uses = {
  AcquireLock: (n) => ({
    keys: [`lock${n}`],
    args: ['token', minute],
    bare: ['SET', `bare${n}`, 'token', 'NX', 'PX', minute],
  }),
  AppendToLimitedList: () => ({
    keys: ['list'],
    args: ['value', 100, minute],
    bare: ['RPUSH', 'short', 'value'],
  }),
  CompareAndDelete: () => ({ keys: ['no'], args: ['value'], bare: ['DEL', 'no'] }),
  CompareAndSwap: () => ({ keys: ['held'], args: ['value', 'value', minute], bare: setOf('bare') }),
  DeleteByPattern: () => ({ keys: ['no*'], args: [100], bare: ['SCAN', 0, 'MATCH', 'no*', 'COUNT', 100] }),
  ExtendLock: () => ({ keys: ['held'], args: ['value', minute], bare: ['PEXPIRE', 'bare', minute] }),
  GetAndExtendExpiration: () => ({ keys: ['held'], args: [minute], bare: ['GETEX', 'bare', 'PX', minute] }),
  GetAndRefreshRelated: () => ({
    keys: ['held', ...ten],
    args: [minute],
    bare: ['GETEX', 'bare', 'PX', minute],
  }),
  GetMultiple: () => ({ keys: ten, bare: ['MGET', ...ten] }),
  IncrementWithExpiration: () => ({ keys: ['counter'], args: [1, minute], bare: ['INCRBY', 'count', 1] }),
  IncrementWithin: () => ({
    keys: ['within'],
    args: [1, 0, 1_000_000_000, minute],
    bare: ['INCRBY', 'count', 1],
  }),
  RateLimitSlidingWindow: () => ({
    keys: ['limit'],
    args: [1_000_000_000, minute],
    bare: ['INCRBY', 'count', 1],
  }),
  ReleaseLock: () => ({ keys: ['no'], args: ['token'], bare: ['DEL', 'no'] }),
  SetIfExists: () => ({ keys: ['held'], args: ['value', minute], bare: [...setOf('bare'), 'XX'] }),
  SetIfNotExists: () => ({ keys: ['held'], args: ['value', minute], bare: [...setOf('bare'), 'NX'] }),
  SetMultiple: () => ({
    keys: ten,
    args: [...ten, 0],
    bare: ['MSET', ...ten.flatMap((key) => [key, key])],
  }),
}

/** @param {string} key */
function setOf(key) {
  return ['SET', key, 'value', 'PX', minute]
}

/** Each script beside a command by `fetch` alone, and how many commands Redis runs for it. */
export async function scripts() {
  const stage = await openStage()
  const send = inTime(senderTo(stage.server))
  const cache = createHybridCache({ redis: { ...stage.meeting.rest, dialect: 'redis' } })
  const counter = new CommandCounter({ host: '127.0.0.1', port: stage.meeting.redisPort })
  let n = 0
  await cache.scripts.execute(LuaScripts.SetMultiple, { keys: ['held', ...ten], args: ['value', ...ten, 0] })
  /** @type {Row[]} */
  const rows = []
  for (const [name, useOf] of Object.entries(uses)) {
    const script = /** @type {any} */ (LuaScripts)[name]
    const run = () => {
      const { keys, args = [] } = useOf(n++)
      return cache.scripts.execute(script, { keys, args })
    }
    await run()
    await run()
    await counter.take()
    await run()
    const commands = await counter.take()
    const { bare } = useOf(0)
    rows.push({
      row: name,
      seconds: 0.3,
      slice: 2,
      runners: [
        { name: String(bare[0]), run: () => send(useOf(n++).bare) },
        { name: `beside ${bare[0]}, 1 request, ${commands} ${commands === 1 ? 'command' : 'commands'}`, run },
      ],
    })
  }
  return {
    rows,
    async close() {
      await counter.close()
      await stage.close()
    },
  }
}
