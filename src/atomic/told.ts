import type { Core } from '../core.ts'
import type { Operation } from '../events.ts'
import { report } from '../report.ts'

/** Runs an operation, and emits its failure as an `error` event. */
export async function told<T>(core: Core, operation: Operation, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw report(core, operation, error)
  }
}
