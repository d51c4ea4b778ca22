import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createHybridCache, type HybridCache } from '../../src/index.ts'
import { openTelemetry } from '../../src/platform/opentelemetry.ts'
import { onEveryEngine } from '../support/servers.ts'

// The real SDK of OpenTelemetry, and a real server.

const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
const tracer = provider.getTracer('test')

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
})
afterAll(() => {
  context.disable()
  return provider.shutdown()
})

/** A span, and what it is part of. */
function lineage(span: ReadableSpan): string {
  const parent = exporter
    .getFinishedSpans()
    .find((each) => each.spanContext().spanId === span.parentSpanContext?.spanId)
  return parent === undefined ? span.name : `${lineage(parent)} > ${span.name}`
}

onEveryEngine('spans', (server) => {
  let cache: HybridCache<true>
  let prefix = 0

  beforeEach(async () => {
    cache = createHybridCache({
      redis: server(),
      keyPrefix: `otel-${prefix++}`,
      l2: { timeout: '15s' },
      trace: openTelemetry(tracer),
    })
    await cache.set('warm-up', 1)
    exporter.reset()
  })

  test('nest: what a factory does is part of it, and all of it part of the call and of the request', async () => {
    await tracer.startActiveSpan('GET /users/1', async (request) => {
      await cache.getOrCreate('user:1', async () =>
        tracer.startActiveSpan('SELECT users', (query) => {
          query.end()
          return { name: 'canary-value' }
        }),
      )
      request.end()
    })
    expect(exporter.getFinishedSpans().map(lineage)).toEqual([
      'GET /users/1 > cache.getOrCreate > GET',
      'GET /users/1 > cache.getOrCreate > cache.factory > SELECT users',
      'GET /users/1 > cache.getOrCreate > cache.factory',
      'GET /users/1 > cache.getOrCreate > SET',
      'GET /users/1 > cache.getOrCreate',
      'GET /users/1',
    ])
    const [get] = exporter.getFinishedSpans()
    expect(get?.kind).toBe(2)
    expect(get?.attributes).toEqual({ 'db.system.name': 'redis', 'db.operation.name': 'GET' })
  })

  test('of what fails have the status of an error, and say its kind only', async () => {
    const fails = (): Promise<never> => Promise.reject(new RangeError('canary-message'))
    await expect(cache.getOrCreate('canary-key', fails)).rejects.toThrow('canary-message')
    await expect(cache.scripts.execute('return redis.call("INCR", "canary")')).rejects.toThrow()
    const failed = exporter.getFinishedSpans().filter(({ status }) => status.code === 2)
    expect(failed.map(({ name, attributes }) => [name, attributes['error.type']])).toEqual(
      expect.arrayContaining([
        ['cache.factory', 'RangeError'],
        ['cache.getOrCreate', 'RangeError'],
      ]),
    )
    const all = exporter
      .getFinishedSpans()
      .map(({ name, attributes, status, events }) => ({ name, attributes, status, events }))
    expect(JSON.stringify(all)).not.toContain('canary')
  })

  test('a hit in L1 makes none', async () => {
    await cache.getOrCreate('k', () => 1)
    exporter.reset()
    await cache.getOrCreate('k', () => 1)
    expect(exporter.getFinishedSpans()).toEqual([])
  })
})

test('a tracer is asked for', () => {
  expect(() => openTelemetry(trace as never)).toThrow(TypeError)
  expect(() => openTelemetry(undefined as never)).toThrow(/trace\.getTracer/)
})
