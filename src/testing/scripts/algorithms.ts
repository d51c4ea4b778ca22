// The rate limits of src/lua/includes, each under its name there. Instants are in microseconds.

/** The result of an algorithm. */
export interface Found {
  readonly isAllowed: boolean
  /** What to store; `undefined` to change nothing. */
  readonly state?: string
  /** When it may pass; 0 where it may now. */
  readonly retry: number
  /** When all counts have expired. */
  readonly reset: number
  /** How much is used; for GCRA the theoretical arrival time. */
  readonly used: number
  /** For GCRA its remainder, for the sliding window the instant that counts as now. */
  readonly rest: number
}

/** `words`: the limit, the span, and further arguments of each algorithm. */
export type Algorithm = (state: string, now: number, cost: number, words: readonly number[]) => Found

export const gcra: Algorithm = (state, now, cost, words) => {
  const [limit = 1, period = 1, tau = 0, tauRest = 0] = words
  const [step, stepRest] = cost === 0 ? [0, 0] : [words[4] ?? 0, words[5] ?? 0]
  const debt = debtIn(state, { now, limit, period })
  const isBeyond = debt.tat - now > tau || (debt.tat - now === tau && debt.rest > tauRest)
  const [tat, rest] = isBeyond ? [now + tau, tauRest] : [debt.tat, debt.rest]
  const carry = rest + stepRest >= limit ? 1 : 0
  const paid = tat + step + carry
  const [next, nextRest] = paid < now ? [now, 0] : [paid, rest + stepRest - carry * limit]
  const ahead = next - now
  const isAllowed = cost <= 0 || ahead < tau || (ahead === tau && nextRest <= tauRest)
  if (!isAllowed) {
    const retry = next - tau + (nextRest > tauRest ? 1 : 0)
    return { isAllowed, retry, reset: tat + (rest > 0 ? 1 : 0), used: tat, rest }
  }
  const found = { isAllowed, retry: 0, reset: next + (nextRest > 0 ? 1 : 0), used: next, rest: nextRest }
  const isSame = next === tat && nextRest === rest
  return isSame ? found : { ...found, state: `g1 ${next} ${nextRest} ${limit} ${period}` }
}

/** What is unpaid; what passed under another limit still counts, in whole units, rounded up. */
function debtIn(
  state: string,
  { now, limit, period }: { now: number; limit: number; period: number },
): { tat: number; rest: number } {
  const match = /^g1 (\d+) (\d+) (\d+) (\d+)$/.exec(state)
  const [tat = 0, rest = 0, madeLimit = 0, madePeriod = 0] = match?.slice(1).map(Number) ?? []
  if (tat < now) return { tat: now, rest: 0 }
  if (madeLimit === limit && madePeriod === period) return { tat, rest }
  const price = period * Math.ceil(((tat - now) * madeLimit + rest) / madePeriod)
  const restOfPrice = price < 2 ** 53 ? price % limit : 0
  return { tat: now + Math.ceil((price - restOfPrice) / limit), rest: restOfPrice }
}

export const fixedWindow: Algorithm = (state, real, cost, [limit = 1, span = 1]) => {
  const [at = 0, count = 0] = /^f1 (\d+) (\d+)$/.exec(state)?.slice(1).map(Number) ?? []
  const isTooNew = at > real + span
  const now = !isTooNew && at > real ? at : real
  const start = now - (now % span)
  const used = isTooNew || at < start ? 0 : count
  const end = start + span
  const isAllowed = cost <= 0 || used + cost <= limit
  const found = { isAllowed, retry: isAllowed ? 0 : end, reset: end, used, rest: 0 }
  if (!isAllowed || cost === 0 || (cost < 0 && used === 0)) return found
  const next = Math.max(0, used + cost)
  return { ...found, used: next, state: `f1 ${now} ${next}` }
}

type Hit = readonly [at: number, count: number]

export const slidingWindow: Algorithm = (state, real, cost, [limit = 1, span = 1, slice = 1]) => {
  const newest = Number(/^sw1.* (\d+) \d+$/.exec(state)?.[1] ?? 0)
  const isTooNew = newest > real + span
  const now = !isTooNew && newest > real ? newest : real
  const hits = isTooNew ? [] : hitsIn(state).filter(([at]) => at >= now - span)
  const used = hits.reduce((sum, [, count]) => sum + count, 0)
  const isAllowed = cost <= 0 || used + cost <= limit
  const kept =
    !isAllowed || cost === 0 ? hits : cost > 0 ? hit(hits, { now, cost, slice }) : takeBack(hits, -cost)
  const last = kept.at(-1)
  return {
    isAllowed,
    retry: isAllowed ? 0 : freeAgain(hits, { span, excess: used + cost - limit }),
    reset: last === undefined ? now : last[0] + span + 1,
    used: kept.reduce((sum, [, count]) => sum + count, 0),
    rest: now,
    ...(kept !== hits && { state: `sw1${kept.map(([at, count]) => ` ${at} ${count}`).join('')}` }),
  }
}

function hitsIn(state: string): readonly Hit[] {
  if (!state.startsWith('sw1')) return []
  return [...state.matchAll(/ (\d+) (\d+)/g)].map(([, at, count]) => [Number(at), Number(count)] as const)
}

/** Hits of one slice share a pair, with the instant of the newest. */
function hit(
  hits: readonly Hit[],
  { now, cost, slice }: { now: number; cost: number; slice: number },
): readonly Hit[] {
  const [at, count] = hits.at(-1) ?? [0, 0]
  const isSame = hits.length > 0 && at - (at % slice) === now - (now % slice)
  return isSame ? [...hits.slice(0, -1), [now, count + cost]] : [...hits, [now, cost]]
}

/** Takes back what passed last; returns the same list if there was nothing. */
function takeBack(hits: readonly Hit[], amount: number): readonly Hit[] {
  const last = hits.at(-1)
  if (last === undefined || amount === 0) return hits
  const [at, count] = last
  if (amount < count) return [...hits.slice(0, -1), [at, count - amount]]
  return takeBack(hits.slice(0, -1), amount - count)
}

/** When the excess has left the window; 0 if there is nothing that could. */
function freeAgain(hits: readonly Hit[], { span, excess }: { span: number; excess: number }): number {
  let left = excess
  let retry = 0
  for (const [at, count] of hits) {
    if (left <= 0) break
    left -= count
    retry = at + span + 1
  }
  return retry
}
