/**
 * Rate limits across all isolates, by the clock of Redis: GCRA, token bucket, sliding and fixed window, each check one atomic script
 * in one request; and the headers and the middleware for them.
 *
 * @module
 */
export type { CheckOptions, OnError } from './check.ts'
export { createRateLimiter, type RateLimiterOptions } from './create.ts'
export { fixedWindow } from './fixed-window.ts'
export { gcra, type GcraOptions } from './gcra.ts'
export { type HeaderOptions, rateLimitHeaders } from './headers.ts'
export { limitAll, type LimitAllResult, type LimitOf } from './limit-all.ts'
export type { LimitOptions, ManageOptions, PolicySource, RateLimiter } from './limiter.ts'
export { rateLimit, type RateLimitOptions } from './middleware.ts'
export type { PolicyOptions, RateLimitAlgorithm, RateLimitPolicy } from './policy.ts'
export { denialResponse } from './response.ts'
export type { DenialReason, RateLimitResult } from './result.ts'
export { slidingWindow } from './sliding-window.ts'
export { tokenBucket, type TokenBucketOptions } from './token-bucket.ts'
export type { WindowOptions } from './window.ts'
