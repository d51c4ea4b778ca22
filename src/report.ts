import type { Core } from './core.ts'
import { CacheError, isCacheError } from './errors.ts'
import type { Operation } from './events.ts'

/**
 * Emits a failure as an `error` event. Anything but a `CacheError`, above all the reason of a caller's own signal, is rethrown.
 */
export function report(core: Core, operation: Operation, error: unknown): CacheError {
  if (!isCacheError(error)) throw error
  core.events.emit('error', { operation, error })
  return error
}
