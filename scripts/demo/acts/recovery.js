// @ts-check

// A has not polled the change log for long, finds an empty one, and gives the database new versions.
/** @type {import('../types.d.ts').Act} */
export const recovery = {
  title: 'Redis comes back: the tiers fill again',
  async play({ ask, startRedis, forgets }) {
    await startRedis()
    const loaded = await ask('A', 'GET /products/8', {
      note: 'loaded; checks for missed changes',
      tier: 'origin',
      value: 'new',
      requests: 2,
      commands: 2,
      ...(forgets && { due: { requests: 6, commands: 13 } }),
    })
    await ask('B', 'GET /products/8', {
      note: 'shared through Redis again',
      tier: 'l2',
      value: loaded,
      requests: 1,
      commands: 1,
      ...(forgets && { due: { requests: 2, commands: 4 } }),
    })
    await ask('B', 'GET /products/8', {
      note: 'and kept in memory again',
      tier: 'l1',
      value: loaded,
      requests: 0,
      commands: 0,
    })
  },
}
