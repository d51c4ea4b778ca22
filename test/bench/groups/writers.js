// @ts-check
import { createHybridCache } from 'hybrid-cache'
import { sample } from '../payload.js'
import { senderTo } from '../server.js'
import { openStage } from '../stage.js'
import { turnsIn } from './turns.js'

/** @import { Row } from '../ratio.js' */

const value = sample(800)

/**
 * Isolates that write at once, each its own key: what it costs them that those of one prefix draw their versions from one counter.
 * On a real Redis, for that is where they meet.
 */
export async function writers() {
  const { server, meeting, close } = await openStage()
  const send = senderTo(server)
  const text = JSON.stringify(value)
  /** @type {Row[]} */
  const rows = [1, 8, 64].flatMap((count) => {
    const shared = Array.from({ length: count }, () => cacheOn(server, `one${count}`))
    const apart = Array.from({ length: count }, (_, i) => cacheOn(server, `own${count}-${i}`))
    const bare = () => all(count, (i) => send(['SET', `bare${i}`, text, 'PX', 300_000]))
    const onOne = () => all(count, (i) => shared[i]?.set(`key${i}`, value))
    const onOwn = () => all(count, (i) => apart[i]?.set(`key${i}`, value))
    const row = `\`set\`, ${count} at once, one prefix`
    return [
      {
        row,
        slice: 3,
        runners: [
          { name: 'own', run: onOwn },
          { name: 'beside a prefix each', run: onOne },
        ],
      },
      {
        row,
        slice: 3,
        runners: [
          { name: 'bare', run: bare },
          { name: 'beside a bare `SET`', run: onOne },
        ],
      },
    ]
  })
  const remark = () => turnsIn({ host: '127.0.0.1', port: meeting.redisPort }, text)
  return { rows, remark, close }
}

/** @param {import('../server.js').BenchServer} redis @param {string} keyPrefix */
const cacheOn = (redis, keyPrefix) => createHybridCache({ redis, keyPrefix, l2: { timeout: '30s' } })

/** @param {number} count @param {(i: number) => unknown} run */
const all = (count, run) => Promise.all(Array.from({ length: count }, (_, i) => run(i)))
