import type { Core } from '../core.ts'

/** What a factory is given. */
export class LoadContext {
  /** The key that is being loaded. */
  readonly key: string
  readonly #caller: AbortSignal | undefined
  #signal: AbortSignal | undefined

  constructor(key: string, caller: AbortSignal | undefined) {
    this.key = key
    this.#caller = caller
  }

  /** Aborts when the caller has left: hand it to `fetch`, so that nobody works for nobody. */
  get signal(): AbortSignal {
    // Made on first use: most factories never look.
    this.#signal ??= this.#caller ?? new AbortController().signal
    return this.#signal
  }
}

/** Makes the value of a key. `undefined` is given to the caller and not stored; `null` is a value like any other. */
export type Factory<T> = (context: LoadContext) => T | Promise<T>

/** The factory's value, and how long it took, in milliseconds. Its error is thrown on unchanged. */
export async function runFactory<T>(
  core: Core,
  { key, factory, signal }: { key: string; factory: Factory<T>; signal: AbortSignal | undefined },
): Promise<{ value: T; took: number }> {
  signal?.throwIfAborted()
  const { clock } = core.settings
  const started = clock.monotonic()
  let ok = false
  try {
    const value = await untilAborted(factory(new LoadContext(key, signal)), signal)
    ok = true
    return { value, took: Math.round(clock.monotonic() - started) }
  } finally {
    core.counters.loads++
    if (!ok) core.counters.failedLoads++
    core.events.emit('load', { duration: clock.monotonic() - started, ok })
  }
}

/** The outcome of `work`, or the reason of the signal as soon as it aborts. */
function untilAborted<T>(work: T | Promise<T>, signal: AbortSignal | undefined): T | Promise<T> {
  if (signal === undefined) return work
  return new Promise<T>((resolve, reject) => {
    const leave = (): void => reject(signal.reason)
    signal.addEventListener('abort', leave)
    if (signal.aborted) leave() // the factory itself may have made its caller leave
    Promise.resolve(work)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', leave))
  })
}
