// @ts-check

/** @type {import('../types.d.ts').Act} */
export const outage = {
  title: 'Redis goes down in mid-run: reads go on',
  async play({ ask, stopRedis }) {
    const held = await ask('B', 'GET /products/6', {
      note: 'loaded, stored in both tiers',
      tier: 'origin',
      value: 'new',
      requests: 2,
      commands: 2,
    })
    await stopRedis()
    await ask('B', 'GET /products/6', {
      note: 'Redis is down: memory needs none',
      tier: 'l1',
      value: held,
      requests: 0,
      commands: 0,
    })
    const loaded = await ask('A', 'GET /products/6', {
      note: 'Redis is down (asked twice): load it',
      tier: 'origin',
      value: 'new',
      requests: 2,
      commands: 0,
      sent: 2,
    })
    await ask('A', 'GET /products/6', {
      note: 'Redis is down: A kept a copy',
      tier: 'l1',
      value: loaded,
      requests: 0,
      commands: 0,
    })
    // A's own copy goes all the same: better to load once more than to serve what somebody wanted gone.
    await ask('A', 'DELETE /products/6', {
      note: 'refused: Redis could not be told',
      status: 503,
      requests: 2,
      commands: 0,
      sent: 2,
    })
  },
}
