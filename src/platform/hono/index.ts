/**
 * Middleware for Hono.
 *
 * @module
 */
export { cache, type CacheMiddlewareOptions } from './cache.ts'
export { rateLimiter, type RateLimiterMiddlewareOptions } from './rate-limiter.ts'
export type { CacheOf, HonoContext, HonoMiddleware } from './context.ts'
