import { Hono } from 'hono'
import type { HybridCache } from '../../../src/index.ts'
import { cache as cacheMiddleware, type CacheMiddlewareOptions } from '../../../src/platform/hono/index.ts'
import { World } from '../../support/world.ts'

type Handler = (request: Request) => Response | Promise<Response>

/** An app whose every route is cached, and how often its handler ran. */
export class App {
  readonly world: World = new World()
  readonly store: HybridCache
  app: Hono = new Hono()
  runs = 0

  constructor(handler: Handler, options: Partial<CacheMiddlewareOptions> = {}, behind = false) {
    this.store = this.world.isolate()
    this.app.use('*', async (c, next) => {
      await next()
      c.header('x-outer', 'seen')
    })
    const app = behind ? { app: this.app as NonNullable<CacheMiddlewareOptions['app']> } : {}
    this.app.use('*', cacheMiddleware({ cache: this.store, ttl: '10s', ...options, ...app }))
    this.app.all('*', (c) => {
      this.runs++
      return handler(c.req.raw)
    })
  }

  ask(path = '/', init: RequestInit = {}): Promise<Response> {
    return Promise.resolve(this.app.request(path, init))
  }

  /** What the answers to the same request twice say of themselves. */
  async twice(init: RequestInit = {}): Promise<string[]> {
    await this.ask('/', init)
    return [(await this.ask('/', init)).headers.get('cache-status') ?? '', String(this.runs)]
  }
}

/** A handler whose answer may be kept. */
export const text: Handler = () => new Response('hello', { headers: { 'x-own': '1', etag: '"v1"' } })
