/**
 * Middleware for Hono.
 *
 * @module
 */
export { cache, type CacheMiddlewareOptions } from './cache.ts'
export type { CacheOf, HonoContext, HonoMiddleware } from './context.ts'
