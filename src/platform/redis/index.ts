/**
 * For servers: Redis over TCP, through a client of `ioredis` or `redis` (node-redis) that you made: Redis 7.0 or newer, or a
 * Valkey. For Node, Bun and Deno; edge runtimes open no sockets of this kind, and take Upstash over REST instead.
 *
 * @module
 */
export { fromIoredis, type IoredisClient, type IoredisPipeline, type IoredisSubscriber } from './ioredis.ts'
export { fromNodeRedis, type NodeRedisClient, type NodeRedisSubscriber } from './node-redis.ts'
