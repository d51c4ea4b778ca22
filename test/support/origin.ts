import { HybridCache } from '../../src/cache.ts'
import type { LoadContext } from '../../src/index.ts'

/** One run of a factory, which ends when the test says so. */
export interface Run<T> {
  readonly context: LoadContext
  finish(value: T): void
  fail(error: unknown): void
}

/** Where values come from, at the pace of the test. */
export class Origin<T = unknown> {
  /** Every run of the factory, in order. */
  readonly runs: Run<T>[] = []
  readonly factory: (context: LoadContext) => Promise<T> = (context) =>
    new Promise<T>((finish, fail) => void this.runs.push({ context, finish, fail }))

  /** The last run. */
  get last(): Run<T> {
    const run = this.runs.at(-1)
    if (run === undefined) throw new Error('no factory has been called')
    return run
  }
}

/** How many loads are on their way. */
export function flightsOf(cache: HybridCache): number {
  return HybridCache.partsOf(cache).core.flights.size
}

/** How many keys have an operation in flight. */
export function marksOf(cache: HybridCache): number {
  return HybridCache.partsOf(cache).core.marks.size
}

/** The same call `count` times. */
export function times<T>(count: number, call: () => Promise<T>): Promise<T>[] {
  return Array.from({ length: count }, call)
}

/** The reason of a rejection; `undefined` where there was none. */
export function reasonOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
}

/** What has become of a promise so far. */
export async function stateOf(call: Promise<unknown>): Promise<'waiting' | 'resolved' | 'rejected'> {
  const settled = call.then(
    () => 'resolved' as const,
    () => 'rejected' as const,
  )
  return Promise.race([
    settled,
    new Promise<'waiting'>((resolve) => void setImmediate(() => resolve('waiting'))),
  ])
}
