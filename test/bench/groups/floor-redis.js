// @ts-check
import { createHybridCache } from 'hybrid-cache'
import { sample } from '../payload.js'
import { inTime, senderTo, startServer } from '../server.js'

/** @import { Row } from '../ratio.js' */

/** A read from Redis, beside the least that it could be. */
export async function floorRedis() {
  const server = await startServer()
  const { url, token, close } = server
  const value = sample(3000)
  const cache = createHybridCache({ redis: { url, token } })
  await cache.set('key', value)
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const send = senderTo(server)
  const sendInTime = inTime(send)
  await send(['SET', 'plain', JSON.stringify(value)])
  const run = () => cache.get('key', { l1: false })
  // Many short turns: what else the machine does while a request is away then hits both alike, or few of them.
  const size = { seconds: 4, warmUp: 8, slice: 2 }
  /** @type {Row[]} */
  const rows = [
    {
      row: 'L2 hit, `get`, 3 KB, decoded',
      goal: 1.1,
      ...size,
      runners: [
        { name: 'fetch', run: async () => JSON.parse(await sendInTime(['GET', 'plain'])) },
        { name: 'beside `fetch` by POST with a deadline, and `JSON.parse`', run },
      ],
    },
    {
      row: 'the same',
      ...size,
      runners: [
        { name: 'fetch', run: async () => JSON.parse(await send(['GET', 'plain'])) },
        { name: 'beside `fetch` by POST without a deadline', run },
      ],
    },
    {
      // No client of Upstash reaches this one: it sends its commands by POST, which costs more in `fetch` itself.
      row: 'the same',
      ...size,
      runners: [
        {
          name: 'fetch',
          async run() {
            const response = await fetch(`${url}/get/plain`, { headers })
            return JSON.parse(JSON.parse(await response.text()).result)
          },
        },
        { name: 'beside `fetch` by GET without a deadline', run },
      ],
    },
  ]
  return { rows, close }
}
