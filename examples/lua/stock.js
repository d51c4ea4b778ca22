// @ts-check
// A script of one's own, in a file of its own: an order takes all of its articles out of the stock, or none.
import { readFile } from 'node:fs/promises'
import { createHybridCache } from 'hybrid-cache'
import { GetMultiple, SetMultiple } from 'hybrid-cache/lua'
import { openRedis } from './redis.js'

const { redis, close } = await openRedis()
const cache = createHybridCache({ redis, keyPrefix: 'examples' })

const lua = await readFile(new URL('stock.lua', import.meta.url), 'utf8')
/** @type {import('hybrid-cache').PreparedScript<number>} */
const takeOrder = await cache.scripts.prepare(lua, { name: 'stock.lua' }) // the name is for errors

/** @param {Record<string, number>} order */
async function take(order) {
  const articles = Object.keys(order)
  const missing = await takeOrder.execute({ keys: articles, args: Object.values(order) })
  if (missing === 0) console.log('taken:', articles.join(', '))
  else console.log('not enough:', articles[missing - 1])
}

try {
  await cache.scripts.execute(SetMultiple, { keys: ['cups', 'pots'], args: [5, 1, '1h'] })
  await take({ cups: 2, pots: 1 })
  await take({ cups: 1, pots: 1 })
  console.log('left:', await cache.scripts.execute(GetMultiple, { keys: ['cups', 'pots'] }))
} finally {
  await close()
}
