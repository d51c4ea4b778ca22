import type { Core } from '../core.ts'
import { type LoadContext, NotModified } from './context.ts'

/**
 * Makes the value of a key. `undefined` is given to the caller and not stored; `null` is a value like any other. `S` is the
 * type of the stale value that it may find in its context.
 */
export type Factory<T, S = T> = (context: LoadContext<S>) => T | Promise<T>

/** What running a factory came to, and how long it took, in milliseconds. */
export type Made<T> = ({ readonly value: T } | { readonly error: unknown }) & { readonly took: number }

/** Runs a factory and counts it. Never rejects. */
export async function runFactory<T>(
  core: Core,
  run: () => T | Promise<T>,
  background: boolean,
): Promise<Made<T>> {
  const { clock } = core.settings
  const started = clock.monotonic()
  core.counters.loads++
  const made = await outcomeOf(run)
  const took = clock.monotonic() - started
  const ok = 'value' in made || made.error instanceof NotModified
  if (!ok) core.counters.failedLoads++
  core.events.emit('load', { duration: took, ok, background })
  return { ...made, took: Math.round(took) }
}

async function outcomeOf<T>(run: () => T | Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    return { value: await run() }
  } catch (error) {
    return { error }
  }
}
