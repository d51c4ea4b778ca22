import type { Core } from '../core.ts'
import type { Operation } from '../events.ts'
import { report } from '../report.ts'

/** Runs an operation, and tells listeners where it fails. */
export async function told<T>(core: Core, operation: Operation, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw report(core, operation, error)
  }
}
