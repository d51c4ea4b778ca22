import { expectTypeOf, test } from 'vitest'
import type { CacheEvents, CacheStats, HybridCache, LoadContext } from '../../src/index.ts'

declare const cache: HybridCache
interface User {
  id: number
}

test('the stale value of a factory is of the type of its value, or of one of its own', () => {
  void cache.getOrCreate('k', (ctx: LoadContext<User>): User => {
    expectTypeOf(ctx.stale).toEqualTypeOf<
      | { readonly value: User; readonly etag: string | undefined; readonly lastModified: string | undefined }
      | undefined
    >()
    return ctx.stale?.value ?? { id: 1 }
  })
  void cache.getOrCreate<User, string>('k', (ctx) => {
    expectTypeOf(ctx.stale?.value).toEqualTypeOf<string | undefined>()
    return { id: 1 }
  })
  void cache.getOrCreate<User>('k', (ctx) => ctx.stale?.value ?? { id: 1 })
  // @ts-expect-error the stale value is no text
  void cache.getOrCreate<User>('k', (ctx) => ({ id: ctx.stale?.value.length }))
})

test('what ends a load returns never, and takes nothing of the type of the value', () => {
  expectTypeOf<LoadContext['notModified']>().returns.toEqualTypeOf<never>()
  expectTypeOf<LoadContext['fail']>().returns.toEqualTypeOf<never>()
  expectTypeOf(
    cache.getOrCreate('k', async (ctx) => (ctx.key === '' ? ctx.fail('no') : { id: 1 })),
  ).toEqualTypeOf<Promise<{ id: number }>>()
  expectTypeOf(
    cache.getOrCreate('k', (ctx: LoadContext<User>) => (ctx.stale ? ctx.notModified() : { id: 1 })),
  ).toEqualTypeOf<Promise<{ id: number }>>()
})

test('a context is told durations, instants and text', () => {
  void cache.getOrCreate('k', (ctx) => {
    ctx.ttl = '5m'
    ctx.expiresAt = new Date()
    ctx.etag = 'x'
    ctx.lastModified = 'x'
    ctx.set({ ttl: 5, swr: false, staleIfError: '1m', localTtl: '1s', negativeTtl: '1s' })
    // @ts-expect-error
    ctx.ttl = 'soon'
    // @ts-expect-error
    ctx.etag = 5
    // @ts-expect-error which tiers are used is for the call to say
    ctx.set({ l2: false })
    // @ts-expect-error
    ctx.key = 'other'
    // @ts-expect-error
    ctx.stale = undefined
    return ctx.signal.aborted
  })
})

test('options of a load are of a call or of the cache', () => {
  void cache.getOrCreate('k', () => 1, {
    eager: { beta: 2 },
    stampede: 'global',
    softTimeout: '1s',
    timeout: false,
  })
  void cache.set('k', 1, { swr: '1m', staleIfError: false, jitter: '1s', negativeTtl: '1s' })
  // @ts-expect-error
  void cache.set('k', 1, { eager: true })
  // @ts-expect-error
  void cache.get('k', { swr: '1m' })
  // @ts-expect-error
  void cache.getOrCreate('k', () => 1, { eager: 2 })
  // @ts-expect-error
  void cache.getOrCreate('k', () => 1, { swr: true })
})

test('events and statistics', () => {
  expectTypeOf<CacheEvents['stale']>().toEqualTypeOf<{ reason: 'swr' | 'error' | 'timeout'; age: number }>()
  expectTypeOf<CacheEvents['load']>().toEqualTypeOf<{ duration: number; ok: boolean; background: boolean }>()
  expectTypeOf<CacheStats['stale']>().toEqualTypeOf<number>()
})
