/**
 * Maintenance of a cache in Redis. Each function takes the cache first; it must have a `redis`.
 *
 * @module
 */
export { removeByPattern, type RemoveByPatternOptions, type RemoveProgress } from './remove-by-pattern.ts'
