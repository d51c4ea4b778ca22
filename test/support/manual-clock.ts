import { nextTask } from '../../src/runtime.ts'

export { ManualClock } from '../../src/testing/index.ts'

/** Lets everything that is ready to run do so. */
export const settle: () => Promise<void> = nextTask
