import { CacheError } from '../../src/index.ts'

/** How a call ended: its value, or the code of its error. */
export function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  return call.catch((error: unknown) => (error instanceof CacheError ? error.code : error))
}
