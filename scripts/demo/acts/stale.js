// @ts-check

// Goes on with what the act before has loaded: fresh for 2 s, given away for 3 s more, kept against failures for a minute.
/** @type {import('../types.d.ts').Act} */
export const stale = {
  title: 'Stale values: nobody waits for a refresh, and nobody sees an origin that fails',
  async play({ ask, pass }) {
    const old = await ask('A', 'GET /trends/3', {
      note: 'loaded: EVALSHA MGET SET, then + DEL',
      tier: 'origin',
      value: 'new',
      requests: 2,
      commands: 7,
      sent: 2,
    })
    await ask('B', 'GET /trends/3', {
      note: 'B takes a copy',
      tier: 'l2',
      value: old,
      requests: 1,
      commands: 2,
      sent: 1,
    })
    await pass(2100, 'the value has ended')
    await ask('A', 'GET /trends/3', {
      note: 'swr: at once; refreshed behind it',
      tier: 'stale',
      value: old,
      requests: 2,
      commands: 7,
      sent: 2,
    })
    await ask('B', 'GET /trends/3', {
      note: "swr; behind it B finds A's new one",
      tier: 'stale',
      value: old,
      requests: 1,
      commands: 2,
      sent: 1,
    })
    const last = await ask('B', 'GET /trends/3', {
      note: 'the new one: no second load',
      tier: 'l1',
      value: 'new',
      requests: 0,
      commands: 0,
    })
    await pass(5000, 'that has ended, too, and swr is over')
    await ask('B', 'GET /trends/3?down', {
      note: 'staleIfError: origin asked, and failed',
      tier: 'stale',
      value: last,
      requests: 3,
      commands: 7,
      sent: 3,
      firstUse: 1,
    })
    await ask('B', 'GET /trends/3?down', {
      note: 'left alone for a while: nobody asked',
      tier: 'stale',
      value: last,
      requests: 0,
      commands: 0,
    })
    await ask('B', 'GET /trends/4?down', {
      note: 'nothing to fall back on: its error',
      status: 502,
      requests: 2,
      commands: 6,
      sent: 2,
    })
  },
}
