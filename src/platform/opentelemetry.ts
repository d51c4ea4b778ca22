/**
 * OpenTelemetry spans for what a cache does.
 *
 * @module
 */
import type { Trace } from '../trace.ts'

/** The part of a span of `@opentelemetry/api` that is used. */
export interface OtelSpan {
  setAttributes(attributes: Record<string, string | number | boolean>): unknown
  setStatus(status: { code: number }): unknown
  end(): void
}

/** The part of a tracer of `@opentelemetry/api` that is used. */
export interface OtelTracer {
  startActiveSpan<T>(
    name: string,
    options: { kind: number; attributes: Record<string, string | number | boolean> },
    run: (span: OtelSpan) => T,
  ): T
}

// SpanKind and SpanStatusCode of @opentelemetry/api, whose numbers are part of its interface.
const kinds = { internal: 0, client: 2 } as const
const failed = { code: 2 } as const

/**
 * Makes spans of what a cache does, for the `trace` option: one for each `get`, `getOrCreate` and `set`, each `getMany`,
 * `getOrCreateMany` and `setMany`, `remove`, `expire`, `removeByTag`, `expireByTag` and `clear` (`cache.get`, …), except an L1 hit of
 * `get` or `getOrCreate` without `schema` and `eager`; one for each factory call (`cache.factory`); and one for each request to
 * Redis: scripts, atomic operations, locks and rate limits have only these. Requests follow the conventions for database clients
 * (`db.system.name`, `db.operation.name`, `db.operation.batch.size`, `db.stored_procedure.name`, `db.response.status_code`,
 * `error.type`). For caches there are none: `cache.operation`, `cache.hit`, `cache.level`, `cache.stale`, `cache.joined`,
 * `cache.keys`, `cache.hits`, `cache.background` are this library's. Spans nest by the context manager that your application has
 * set up. They hold no key, value, URL, token or error message.
 *
 * Takes a tracer of `@opentelemetry/api`, which this package does not depend on.
 *
 * @example
 * ```ts
 * import { createHybridCache } from 'hybrid-cache'
 * import { openTelemetry, type OtelTracer } from 'hybrid-cache/opentelemetry'
 *
 * declare const tracer: OtelTracer // trace.getTracer('shop') of @opentelemetry/api
 * const cache = createHybridCache({ trace: openTelemetry(tracer) })
 * ```
 */
export function openTelemetry(tracer: OtelTracer): Trace {
  if (typeof (tracer as Partial<OtelTracer> | undefined)?.startActiveSpan !== 'function')
    throw new TypeError('openTelemetry takes a tracer: trace.getTracer(name) of @opentelemetry/api')
  return ({ name, kind, attributes }, run) =>
    tracer.startActiveSpan(name, { kind: kinds[kind], attributes: { ...attributes } }, async (span) => {
      try {
        await run((more) => {
          span.setAttributes({ ...more })
          if ('error.type' in more) span.setStatus(failed)
        })
      } catch {
        // The cache gives it to the caller.
      } finally {
        span.end()
      }
    })
}
