// @ts-check
import { Redis } from '@upstash/redis'

/** @import { Isolate, Meeting } from '../../../scripts/race/types.d.ts' */

const hour = 3600

/**
 * The client used directly, as its README says: `get`, and where there is nothing `set` with a lifetime. No memory, no tags.
 */
export const upstashRedis = {
  name: '@upstash/redis',
  /** @param {Meeting} meeting @returns {Isolate} */
  shared({ rest, name }) {
    const redis = new Redis(rest)
    const placeOf = (/** @type {string} */ key) => `${name}:${key}`
    return {
      async read(key, load) {
        const found = await redis.get(placeOf(key))
        if (found !== null) return found
        const made = await load()
        await redis.set(placeOf(key), made, { ex: hour })
        return made
      },
      remove: (key) => redis.del(placeOf(key)),
      readMany: (keys) => redis.mget(keys.map(placeOf)),
    }
  },
}
