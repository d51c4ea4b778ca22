/**
 * Maintenance of a cache. Each function takes the cache first.
 *
 * @module
 */
export { removeByPattern, type RemoveByPatternOptions, type RemoveProgress } from './remove-by-pattern.ts'
export { warm, type WarmOptions, type WarmProgress } from './warm.ts'
