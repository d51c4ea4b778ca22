import type { Core } from '../core.ts'
import { errorType, traced } from '../trace.ts'
import { type LoadContext, NotModified } from './context.ts'

/**
 * Makes the value of a key. `undefined` is returned to the caller but not stored; `null` is a value like any other. `S` is the
 * type of the stale value that it may find in its context.
 */
export type Factory<T, S = T> = (context: LoadContext<S>) => T | Promise<T>

/** The outcome of a factory, and how long it took, in milliseconds. */
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
  const span = {
    name: 'cache.factory',
    kind: 'internal',
    attributes: { 'cache.background': background },
  } as const
  const made = await traced(core.trace, span, async (note) => {
    const outcome = await outcomeOf(run)
    if (!isOk(outcome)) note({ 'error.type': errorType(outcome.error) })
    return outcome
  })
  const took = clock.monotonic() - started
  const ok = isOk(made)
  core.counters.loading += took
  if (!ok) core.counters.failedLoads++
  core.events.emit('load', { duration: took, ok, background })
  const rounded = Math.round(took)
  return 'value' in made ? { value: made.value, took: rounded } : { error: made.error, took: rounded }
}

type Outcome<T> = { readonly value: T } | { readonly error: unknown }

/** `notModified()` throws, too. */
function isOk<T>(outcome: Outcome<T>): outcome is { readonly value: T } {
  return 'value' in outcome || outcome.error instanceof NotModified
}

async function outcomeOf<T>(run: () => T | Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await run() }
  } catch (error) {
    return { error }
  }
}
