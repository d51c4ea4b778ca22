// @ts-check

/** @type {import('../types.d.ts').Act} */
export const expiry = {
  title: 'Each tier has its own expiry: stock lives 1 min in Redis, 2 s in memory',
  async play({ ask, pass }) {
    const loaded = await ask('A', 'GET /stock/42', {
      note: 'loaded, stored in both tiers',
      tier: 'origin',
      value: 'new',
      requests: 2,
      commands: 2,
    })
    await ask('A', 'GET /stock/42', {
      note: 'within localTtl',
      tier: 'l1',
      value: loaded,
      requests: 0,
      commands: 0,
    })
    await pass(2100, "A's copy has expired, the entry in Redis has not")
    await ask('A', 'GET /stock/42', {
      note: 'the same value, no load',
      tier: 'l2',
      value: loaded,
      requests: 1,
      commands: 1,
    })
  },
}
