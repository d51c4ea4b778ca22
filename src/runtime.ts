// The only file that knows which platform it runs on. Everything here is looked up when it is called, never while the
// module loads: Workers refuse timers and randomness at module scope, and platforms set some globals later.

/**
 * Where the cache gets the time from. Tests pass a manual one; the default is the platform's.
 * `now` is wall-clock milliseconds since 1970, `monotonic` is milliseconds that never jump.
 */
export interface Clock {
  /** Wall-clock milliseconds since 1970. */
  now(): number
  /** Milliseconds since any moment, never set back. */
  monotonic(): number
  /** Calls `run` once, after `ms` milliseconds; returns what `clearTimeout` takes. */
  setTimeout(run: () => void, ms: number): unknown
  /** Cancels a timer; does nothing if it has run. */
  clearTimeout(timer: unknown): void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
}

/** Lets the process exit before the timer has run, where timers keep it alive (Node, Bun, Deno). */
export function unref(timer: unknown): void {
  ;(timer as { unref?: () => void } | null | undefined)?.unref?.()
}

/** Resolves when everything that is ready to run now has run, as far as the platform can tell. */
export function nextTask(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (run: () => void) => unknown }
  return new Promise((resolve) => void (setImmediate ?? setTimeout)(resolve))
}

/** Keeps the platform from ending the request before the promise has settled. */
export type WaitUntil = (work: Promise<unknown>) => void

// Where platforms put the context of the current request: Vercel, and Next.js wherever it runs (its own edge sandbox too).
const contextSymbols = [Symbol.for('@vercel/request-context'), Symbol.for('@next/request-context')]

interface AmbientContext {
  get?: () => { waitUntil?: WaitUntil } | undefined
}

/** The `waitUntil` of the current request, where the platform itself offers one (Vercel, Next.js). */
export function ambientWaitUntil(): WaitUntil | undefined {
  for (const symbol of contextSymbols) {
    const context = (globalThis as Record<symbol, AmbientContext | undefined>)[symbol]?.get?.()
    if (context?.waitUntil !== undefined) return (work) => context.waitUntil?.(work)
  }
  return undefined
}

/**
 * Whether promises, timers and work belong to the request that made them and end with it (Workers, Vercel Edge), rather than
 * to the process.
 */
export function isRequestBound(): boolean {
  return 'WebSocketPair' in globalThis || 'EdgeRuntime' in globalThis
}

/** The process environment, where there is one. */
export function processEnv(): Readonly<Record<string, string | undefined>> {
  return (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env ?? {}
}

/** Whether this runtime can compress (`'gzip'` through `CompressionStream`); the edge-runtime VM cannot. */
export function canCompress(): boolean {
  return typeof CompressionStream === 'function' && typeof DecompressionStream === 'function'
}

/**
 * Calls `send` with a `fetch` that follows no redirect, which would carry the values, and in some runtimes the token, to another
 * host, and whose response goes through `guard`. For a client that has no option for this, and calls `fetch` before its first
 * `await`: `fetch` is replaced only while nothing else can run.
 */
export function withoutRedirects<T>(send: () => T, guard: (response: Response) => Response): T {
  const { fetch } = globalThis
  globalThis.fetch = async (input, init) => guard(await fetch(input, { ...init, redirect: 'manual' }))
  try {
    return send()
  } finally {
    globalThis.fetch = fetch
  }
}
