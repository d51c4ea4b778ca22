// @ts-check
import { createHybridCache } from 'hybrid-cache'
import { sample } from './payload.js'

/**
 * A whole `set` in memory-only mode, isolation `clone`, is the encoding and little else.
 * @returns {import('./ratio.js').Pair[]}
 */
export function codecPairs() {
  return [1000, 3000, 30_000].map((bytes) => {
    const value = sample(bytes)
    const cache = createHybridCache()
    return {
      name: `encode and keep plain data, ${bytes / 1000} KB`,
      limit: 2.5,
      loops: Math.round(3_000_000 / bytes),
      floor: () => JSON.stringify(value),
      contender: () => cache.set('key', value),
    }
  })
}
