/**
 * Locks in Redis for code that runs in many places: one holder at a time, fencing tokens, leases that are extended while the
 * work runs, and a signal that says when to stop.
 *
 * @module
 */
export type { LockRelease } from './claim.ts'
export type { Lock, LockDisposal } from './lock.ts'
export { createLocks, type LockContext, type Locks } from './locks.ts'
export type { LockOptions } from './options.ts'
export type { LocksOfCache, LocksOfRedis } from './source.ts'
