/**
 * Operations that are atomic in Redis, on the entries of a cache and besides them: conditional writes, compare-and-swap,
 * reading with a new `ttl`, counters and capped lists. Each takes the cache first, which must have a `redis`.
 *
 * @module
 */
export { compareAndSwap } from './compare-and-swap.ts'
export { counter, type Counter, type CounterOptions } from './counter.ts'
export { type ExtendOptions, getAndExtend } from './get-and-extend.ts'
export { list, type List, type ListOptions } from './list.ts'
export { setIfExists } from './set-if-exists.ts'
export { setIfNotExists } from './set-if-not-exists.ts'
export type { ConditionalOptions } from './store-if.ts'
