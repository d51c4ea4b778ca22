/**
 * Middleware for Hono.
 *
 * @module
 */
export { cache } from './cache.ts'
export type { CacheMiddlewareOptions } from './options.ts'
export { rateLimiter, type RateLimiterMiddlewareOptions } from './rate-limiter.ts'
export type { CacheOf, HonoContext, HonoMiddleware } from './context.ts'
