/**
 * Maintenance of a cache. Each function takes the cache first.
 *
 * @module
 */
export { type Course, explain, type Explanation, type StateReason, type TierState } from './explain/index.ts'
export { health, type Health, type HealthOptions } from './health.ts'
export { removeByPattern, type RemoveByPatternOptions, type RemoveProgress } from './remove-by-pattern.ts'
export { warm, type WarmOptions, type WarmProgress } from './warm.ts'
