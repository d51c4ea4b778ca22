// @ts-check

/** @type {import('../types.d.ts').Act} */
export const recovery = {
  title: 'Redis comes back: the tiers fill again',
  async play({ ask, startRedis }) {
    await startRedis()
    const loaded = await ask('A', 'GET /products/8', {
      note: 'loaded, and Redis takes it again',
      tier: 'origin',
      value: 'new',
      requests: 2,
      commands: 2,
    })
    await ask('B', 'GET /products/8', {
      note: 'shared again',
      tier: 'l2',
      value: loaded,
      requests: 1,
      commands: 1,
    })
    await ask('B', 'GET /products/8', {
      note: 'and remembered',
      tier: 'l1',
      value: loaded,
      requests: 0,
      commands: 0,
    })
  },
}
