// @ts-check

/** @type {import('../types.d.ts').Act} */
export const outage = {
  title: 'Redis goes down: reads go on',
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
      note: 'Redis is down: served from memory',
      tier: 'l1',
      value: held,
      requests: 0,
      commands: 0,
    })
    const loaded = await ask('A', 'GET /products/6', {
      note: 'Redis is down (tried twice): loaded',
      tier: 'origin',
      value: 'new',
      requests: 2,
      commands: 0,
      sent: 2,
    })
    await ask('A', 'GET /products/6', {
      note: 'Redis is down: A has a copy',
      tier: 'l1',
      value: loaded,
      requests: 0,
      commands: 0,
    })
    // A drops its own copy all the same: better to load once more than to serve a value that was to be removed.
    await ask('A', 'DELETE /products/6', {
      note: 'failed: not confirmed by Redis',
      status: 503,
      requests: 2,
      commands: 0,
      sent: 2,
    })
  },
}
