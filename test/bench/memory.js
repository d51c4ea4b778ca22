// @ts-check
import { createHybridCache } from 'hybrid-cache'
import { lru } from 'tiny-lru'
import { sample } from './payload.js'

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

/** @returns {Promise<import('./ratio.js').Pair[]>} */
export async function memoryPairs() {
  const value = sample(800)
  const text = JSON.stringify(value)
  const plain = filledLru(value)
  const floor = async (/** @type {string} */ key) => plain.get(key)
  const texts = filledLru(text)
  const cloneFloor = async (/** @type {string} */ key) => JSON.parse(texts.get(key))
  const share = await filledCache('share', value)
  const clone = await filledCache('clone', value)
  const loops = 20_000
  return [
    {
      name: 'L1 hit, getOrCreate, share',
      limit: 1.25,
      loops,
      floor: overKeys(floor),
      contender: overKeys((key) => share.getOrCreate(key, factory)),
    },
    {
      name: 'L1 hit, getOrCreate, share, options',
      limit: 1.25,
      loops,
      floor: overKeys(floor),
      contender: overKeys((key) => share.getOrCreate(key, factory, { ttl: '10m', localTtl: '30s' })),
    },
    {
      name: 'L1 hit, getOrCreate, clone, 800 B',
      limit: 1.4,
      loops: 5000,
      floor: overKeys(cloneFloor),
      contender: overKeys((key) => clone.getOrCreate(key, factory)),
    },
    {
      name: 'L1 hit, getLocal, share',
      limit: 1.25,
      loops,
      floor: overKeys((key) => plain.get(key)),
      contender: overKeys((key) => share.getLocal(key)),
    },
  ]
}
