import type { Core } from './core.ts'
import { CacheError, isCacheError } from './errors.ts'
import type { Operation } from './events.ts'

/**
 * Tells the listeners of a failure. Whatever is no failure of the cache, the reason of a caller's own signal above all, is
 * thrown on.
 */
export function report(core: Core, operation: Operation, error: unknown): CacheError {
  if (!isCacheError(error)) throw error
  core.events.emit('error', { operation, error })
  return error
}
