import type { Call } from './ledger.ts'
import { type Duty, physicalKeyOf, type Place } from './reference.ts'

/** What a call has to know of a place, and how new what it gives has to be. */
export function dutyOf(call: Call, place: Place): Duty {
  const { isolate, own, begunAt, begun, wish, read } = call
  return {
    known: knownOf(call, place),
    own,
    begunAt,
    readAt: wish === undefined ? read.get(physicalKeyOf(place)) : undefined,
    heldSince: (id) => (wish === undefined ? isolate.prolongedAt(id, begun) : 0),
    bornAfter: wish?.force === true ? begun : 0,
  }
}

/** What came along with news has to agree with them. */
function knownOf({ known, local, news }: Call, { namespace, key }: Place): number {
  if (namespace === undefined && local.has(key)) return known
  const came = news?.commands.some((words) => words.includes(physicalKeyOf({ namespace, key }))) === true
  return came ? Math.max(known, news.sent) : known
}
