// @ts-check
import { asyncCacheDedupe } from './async-cache-dedupe.js'
import { bentocache } from './bentocache.js'
import { cacheableWith } from './cacheable.js'
import { cachified } from './cachified.js'
import { hybridCache } from './hybrid-cache.js'
import { layeredLoader } from './layered-loader.js'
import { unkey } from './unkey.js'

/** Ours first, then those that were compared with it, by name. */
export const contenders = [
  hybridCache,
  asyncCacheDedupe,
  bentocache,
  cacheableWith({ tags: true, sync: true }),
  cachified,
  layeredLoader,
  unkey,
]
