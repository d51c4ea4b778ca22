// The slow systems behind the cache, simulated. Put your own there. What they return is stored: throw where a response is not `ok`.

export interface Rates {
  readonly base: string
  readonly rates: Readonly<Record<string, number>>
  /** Another one for every load. */
  readonly revision: string
}

const inUsd: Readonly<Record<string, number>> = {
  usd: 1,
  eur: 1.09,
  gbp: 1.27,
  jpy: 0.0067,
  chf: 1.13,
  cad: 0.72,
  aud: 0.65,
  sek: 0.095,
  nok: 0.093,
  dkk: 0.146,
}

export const bases: readonly string[] = Object.keys(inUsd)

export async function loadRates(base: string): Promise<Rates> {
  await pause(300)
  const own = inUsd[base] ?? Number.NaN
  const rates = Object.fromEntries(
    bases.map((each) => [each, Number((own / (inUsd[each] ?? Number.NaN)).toFixed(4))]),
  )
  return { base, rates, revision: crypto.randomUUID() }
}

/** Addresses that an administrator has blocked. */
export async function loadBlocked(): Promise<readonly string[]> {
  await pause(100)
  return (process.env['BLOCKED_ADDRESSES'] ?? '').split(',').filter((address) => address !== '')
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
