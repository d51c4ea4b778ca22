import type { Duration } from '../duration.ts'
import type { Validators } from '../entry/index.ts'
import type { WriteOptions } from '../options.ts'

/** The stale value that a factory is to replace. */
export interface StaleValue<S> {
  /** The value itself. */
  readonly value: S
  /** The `ETag` that an earlier factory set for it, for a conditional request; `undefined` if it set none. */
  readonly etag: string | undefined
  /** The same for `Last-Modified`. */
  readonly lastModified: string | undefined
}

/** What a factory may change about the entry that its value becomes. */
export type AdaptiveOptions = Pick<
  WriteOptions,
  'ttl' | 'expiresAt' | 'localTtl' | 'swr' | 'staleIfError' | 'negativeTtl' | 'tags'
>

/** {@link AdaptiveOptions}, and the origin's validators of the value. */
export interface Described extends AdaptiveOptions {
  /** The origin's `ETag`, 1,024 characters at most: the next load finds it in `stale`. */
  readonly etag?: string | undefined
  /** The origin's `Last-Modified`, likewise. */
  readonly lastModified?: string | undefined
}

/** What a factory decided, besides its value. */
export interface Decisions {
  options: AdaptiveOptions
  etag: string
  modified: string
  skipped: boolean
}

/** Thrown by `notModified()`, for the loader to catch. */
export class NotModified extends Error {
  override readonly name = 'NotModified'
}

/** What a context is made of. */
export interface ContextGiven<S> {
  readonly key: string
  readonly stale: StaleValue<S> | undefined
  /** Makes the signal, on first use: most factories never use it. */
  readonly signal: () => AbortSignal
  /** Throws a `TypeError` for invalid options. */
  readonly check: (options: AdaptiveOptions) => void
}

const maxValidator = 1024

/** What a factory is given: the key to load, and ways to say more than its value says. */
export class LoadContext<S = unknown> {
  /** The key that is being loaded. */
  readonly key: string
  /** The value to be replaced, if there still is one. `undefined`, too, if it and the call have more than 32 tags together. */
  readonly stale: StaleValue<S> | undefined
  readonly #given: ContextGiven<S>
  readonly #decisions: Decisions

  /** @internal */
  constructor(given: ContextGiven<S>, decisions: Decisions) {
    this.key = given.key
    this.stale = given.stale
    this.#given = given
    this.#decisions = decisions
  }

  /**
   * Aborts when the time is up (`timeout`), or when no caller waits for the value any more: hand it to `fetch`, so that abandoned
   * work stops. A caller that leaves while others wait does not abort it.
   */
  get signal(): AbortSignal {
    return this.#given.signal()
  }

  /**
   * How long the value lives, once it is known. Of this and `expiresAt` the one set last counts. Throws a `TypeError` if it is longer
   * than `maxTtl`, its stale window included.
   */
  set ttl(ttl: Duration) {
    this.set({ ttl })
  }

  /** When the value expires, such as the `exp` of a token. Throws a `TypeError` if that is later than `maxTtl` allows. */
  set expiresAt(expiresAt: Date | number) {
    this.set({ expiresAt })
  }

  /** What the value depends on, once it is known; replaces the tags of the call. */
  set tags(tags: readonly string[]) {
    this.set({ tags })
  }

  /** Sets several at once: `ttl` or `expiresAt`, `localTtl`, `swr`, `staleIfError`, `negativeTtl`, `tags`, `etag`, `lastModified`. */
  set({ etag, lastModified, ...options }: Described): void {
    const changed = { ...this.#decisions.options, ...decided(options) }
    this.#given.check(changed)
    if (etag !== undefined) this.etag = etag
    if (lastModified !== undefined) this.lastModified = lastModified
    this.#decisions.options = changed
  }

  /** The origin's `ETag` of the value, 1,024 characters at most: the next load finds it in `stale`. */
  set etag(etag: string) {
    this.#decisions.etag = validator(etag, 'etag')
  }

  /** The origin's `Last-Modified` of the value, likewise. */
  set lastModified(lastModified: string) {
    this.#decisions.modified = validator(lastModified, 'lastModified')
  }

  /** Ends the load: the stale value is still right, and is stored again as fresh. Throws a `TypeError` if there is none. */
  notModified(): never {
    if (this.stale === undefined)
      throw new TypeError('notModified() needs a stale value: call it only if ctx.stale is set')
    throw new NotModified('the value has not changed')
  }

  /** The value is returned to its callers, but not stored. */
  skip(): void {
    this.#decisions.skipped = true
  }

  /**
   * Ends the load without a value: a call with a usable stale value returns that, any other rejects with `reason`; a string becomes
   * the message of an `Error`.
   */
  fail(reason: unknown): never {
    throw thrown(reason)
  }
}

/** What a call rejects with if its factory gave this as the reason. */
export function thrown(reason: unknown): unknown {
  return typeof reason === 'string' ? new Error(reason) : reason
}

/**
 * The options that are given. `undefined` must not hide what the call says, or what was set before, except for that of `ttl` and
 * `expiresAt` which the other replaces.
 */
function decided(options: AdaptiveOptions): AdaptiveOptions {
  const said: AdaptiveOptions = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  )
  const { ttl, expiresAt } = said
  return (ttl ?? expiresAt) === undefined ? said : ({ ttl, expiresAt, ...said } as AdaptiveOptions)
}

/** The decisions of a factory that decides nothing. */
export const asCalled: AdaptiveOptions = {}

/** No decisions yet. */
export function undecided(): Decisions {
  return { options: asCalled, etag: '', modified: '', skipped: false }
}

/** A value with its validators, as a factory sees them. */
export function staleValue<S>(value: S, { etag, modified }: Validators): StaleValue<S> {
  return { value, etag: etag || undefined, lastModified: modified || undefined }
}

function validator(text: string, name: string): string {
  if (typeof text === 'string' && text.length <= maxValidator && text.isWellFormed()) return text
  throw new TypeError(`${name} must be a well-formed string of ${maxValidator} characters at most`)
}
