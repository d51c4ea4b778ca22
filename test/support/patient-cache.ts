// `hybrid-cache` as tests bundle it into an example: a busy machine must not make a deadline of a slow answer.
import * as library from '../../src/index.ts'

export * from '../../src/index.ts'

const l2 = { timeout: '10s', softTimeout: '10s' } as const

export function createHybridCache(options: library.CacheOptions = {}): library.HybridCache {
  return library.createHybridCache({ l2, ...options })
}
