// The first half of a load: what L2 has, and whether this isolate is to make the value.
import type { Core } from '../core.ts'
import { askMore, withNews } from '../read/index.ts'
import type { RedisTier } from '../redis/index.ts'
import { report } from '../report.ts'
import { seed, usesRedis } from '../write/index.ts'
import type { Ground } from './fill.ts'
import type { Flight } from './flight.ts'
import { becomeRefresh, headIn, type Looking, readOf, settleOrRemember, signalOf, unknown } from './found.ts'
import { newLease } from './lease.ts'
import { lookTogether } from './look-together.ts'

/**
 * Reads L2 and either settles the flight with what is there, or returns the ground on which the value is to be made. A failing
 * Redis is not asked again during the load.
 */
export async function look(core: Core, flight: Flight, looking: Looking): Promise<Ground | undefined> {
  const { call } = looking
  if (!usesRedis(core, call.options)) return { seen: undefined, lease: undefined }
  const lease = wantsLease(looking) ? newLease(core, call) : undefined
  try {
    return await (lease === undefined
      ? lookOnce(core, flight, looking)
      : lookTogether(core, flight, { ...looking, lease }))
  } catch (error) {
    if (flight.outcome !== undefined) return undefined // no caller waits, and the request was ended
    // A reply about the key, even an error (it holds another type), says that Redis can be asked. A retryable one, or one without the
    // time, says nothing about the key: the stale copies are as good as before.
    const { code, retryable } = report(core, call.operation, error)
    const asked = code === 'L2_REPLY' && !retryable && core.redis?.clock.known === true
    flight.answered ||= asked // and what it said before it failed still counts
    return { seen: asked ? unknown : undefined, lease: undefined }
  }
}

/** No caller waits for a refresh, so it asks for the lease unless `'off'`; a forced load never does, as no other's result would do. */
function wantsLease({ call, background }: Looking): boolean {
  const { stampede } = call.loading
  if (call.options.forceRefresh === true || stampede === 'off') return false
  return background || stampede === 'global'
}

async function lookOnce(core: Core, flight: Flight, looking: Looking): Promise<Ground | undefined> {
  const { call } = looking
  const read = readOf(core, flight, call)
  const { reply, trusted } = await withNews(core, [read], () =>
    (core.redis as RedisTier).read(call.place.physicalKey, signalOf(flight, looking)),
  )
  if (await settleOrRemember(core, flight, { ...looking, read, trusted }, reply)) return undefined
  if (!trusted) await askMore(core, read, () => seed(core))
  if (flight.outcome !== undefined) return undefined // its callers have left meanwhile
  const { previous } = flight
  if (!becomeRefresh(core, flight, call)) return { seen: headIn(reply), lease: undefined }
  flight.looked.open()
  const after = Math.max(looking.after, previous?.facts.created ?? 0)
  return lookTogether(core, flight, { call, after, background: true, lease: newLease(core, call) })
}
