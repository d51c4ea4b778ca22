// @ts-check

// Goes on with what the act before has loaded: fresh for 2 s, served stale for 3 s more, kept for failures for a minute.
/** @type {import('../types.d.ts').Act} */
export const stale = {
  title: 'Stale values: served during a refresh, and while the origin fails',
  async play({ ask, pass }) {
    const old = await ask('A', 'GET /trends/3', {
      note: 'loaded with a lease: 3 + 4 commands',
      tier: 'origin',
      value: 'new',
      requests: 2,
      commands: 7,
      sent: 2,
    })
    await ask('B', 'GET /trends/3', {
      note: 'from Redis; B keeps a copy',
      tier: 'l2',
      value: old,
      requests: 1,
      commands: 2,
      sent: 1,
    })
    await pass(2100, 'the value has expired')
    await ask('A', 'GET /trends/3', {
      note: 'swr: at once; background refresh',
      tier: 'stale',
      value: old,
      requests: 2,
      commands: 7,
      sent: 2,
    })
    await ask('B', 'GET /trends/3', {
      note: "swr; B then finds A's new value",
      tier: 'stale',
      value: old,
      requests: 1,
      commands: 2,
      sent: 1,
    })
    const last = await ask('B', 'GET /trends/3', {
      note: 'the new value, without a load',
      tier: 'l1',
      value: 'new',
      requests: 0,
      commands: 0,
    })
    await pass(5000, 'that has expired, too, and so has its time for swr')
    await ask('B', 'GET /trends/3?down', {
      note: 'staleIfError: the origin has failed',
      tier: 'stale',
      value: last,
      requests: 3,
      commands: 7,
      sent: 3,
      firstUse: 1,
    })
    await ask('B', 'GET /trends/3?down', {
      note: 'factory paused after its failure',
      tier: 'stale',
      value: last,
      requests: 0,
      commands: 0,
    })
    await ask('B', 'GET /trends/4?down', {
      note: 'no stale value: the error is returned',
      status: 502,
      requests: 2,
      commands: 6,
      sent: 2,
    })
  },
}
