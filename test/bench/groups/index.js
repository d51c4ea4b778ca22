// @ts-check
import { codec } from './codec.js'
import { costs } from './costs.js'
import { floorMemory } from './floor-memory.js'
import { floorRedis } from './floor-redis.js'
import { hits } from './hits.js'
import { memory } from './memory.js'
import { mixed } from './mixed.js'
import { scripts } from './scripts.js'
import { shared } from './shared.js'
import { stampede } from './stampede.js'
import { startup } from './startup.js'
import { writers } from './writers.js'

/** @import { Row } from '../ratio.js' */

/**
 * What is raced: so many processes, one after the other, for an engine compiles the same code a little differently each time. `kept`: a
 * ratio in it must not grow (`npm run bench:check`). `apart`: measured only where it is asked for by name.
 *
 * @typedef {{
 *   open: () => Promise<{ rows: Row[], close: () => Promise<unknown>, remark?: () => Promise<string> }>,
 *   runs: number, redis?: boolean, kept?: boolean, apart?: boolean
 * }} Race
 */

/** @type {Readonly<Record<string, Race>>} */
export const races = {
  floor: { open: floorMemory, runs: 5, kept: true },
  codec: { open: codec, runs: 3, kept: true },
  redis: { open: floorRedis, runs: 3, kept: true },
  scripts: { open: scripts, runs: 3, redis: true, kept: true },
  hits: { open: hits, runs: 3 },
  shared: { open: shared, runs: 3, redis: true },
  mixed: { open: mixed, runs: 3, redis: true },
  writers: { open: writers, runs: 3, redis: true, apart: true },
}

/** What is counted, once. @type {Readonly<Record<string, { count: () => Promise<unknown>, redis?: boolean }>>} */
export const counts = {
  costs: { count: costs, redis: true },
  stampede: { count: stampede, redis: true },
  memory: { count: memory },
  startup: { count: startup },
}
