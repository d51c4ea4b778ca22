// @ts-check
import { expiry } from './expiry.js'
import { outage } from './outage.js'
import { race } from './race.js'
import { recovery } from './recovery.js'
import { removal } from './removal.js'
import { scripts } from './scripts.js'
import { stale } from './stale.js'
import { stampede } from './stampede.js'
import { tags } from './tags.js'
import { tiers } from './tiers.js'

/**
 * In the order they are played. Later ones may build on earlier ones: Redis and both isolates keep what they hold.
 *
 * @type {readonly import('../types.d.ts').Act[]}
 */
export const acts = [tiers, expiry, removal, race, tags, scripts, stampede, stale, outage, recovery]
