// @ts-check
import { createHybridCache } from 'hybrid-cache'
import { lru } from 'tiny-lru'
import { sample } from '../payload.js'

/** @import { Row } from '../ratio.js' */

const keys = Array.from({ length: 500 }, (_, i) => `user:${i}`)

/** Each call takes the next key, as requests do. @param {(key: string) => unknown} run */
function overKeys(run) {
  let i = 0
  return () => run(/** @type {string} */ (keys[(i = (i + 1) % keys.length)]))
}

/** @param {unknown} value */
function filledLru(value) {
  const cache = lru(1000, 600_000)
  for (const key of keys) cache.set(key, value)
  return cache
}

/** @param {'share' | 'clone'} isolation @param {unknown} value */
async function filledCache(isolation, value) {
  const cache = createHybridCache({ memory: { isolation, maxBytes: 2 ** 28 }, ttl: '10m' })
  for (const key of keys) await cache.set(key, value)
  return cache
}

const factory = () => {
  throw new Error('an L1 hit never calls the factory')
}

/** Hits in memory, beside the least that they could be. */
export async function floorMemory() {
  const value = sample(800)
  const text = JSON.stringify(value)
  const plain = filledLru(value)
  const texts = filledLru(text)
  const share = await filledCache('share', value)
  const clone = await filledCache('clone', value)
  const floor = { name: 'lru', run: overKeys(async (key) => plain.get(key)) }
  const name = 'beside `await (async (k) => lru.get(k))(key)`, tiny-lru with a TTL'
  /** @type {Row[]} */
  const rows = [
    {
      row: "L1 hit, `getOrCreate`, `'share'`",
      goal: 1.25,
      runners: [floor, { name, run: overKeys((key) => share.getOrCreate(key, factory)) }],
    },
    {
      row: "L1 hit, `getOrCreate`, `'share'`, options",
      goal: 1.25,
      runners: [
        floor,
        { name, run: overKeys((key) => share.getOrCreate(key, factory, { ttl: '10m', localTtl: '30s' })) },
      ],
    },
    {
      row: "L1 hit, `getOrCreate`, `'clone'`, 800 B",
      goal: 1.4,
      runners: [
        { name: 'lru', run: overKeys(async (key) => JSON.parse(/** @type {string} */ (texts.get(key)))) },
        {
          name: 'beside the same and `JSON.parse`',
          run: overKeys((key) => clone.getOrCreate(key, factory)),
        },
      ],
    },
    {
      row: "`getLocal`, `'share'`",
      goal: 1.25,
      runners: [
        { name: 'lru', run: overKeys((key) => plain.get(key)) },
        { name: 'beside `lru.get(key)`', run: overKeys((key) => share.getLocal(key)) },
      ],
    },
  ]
  return { rows, close: async () => {} }
}
