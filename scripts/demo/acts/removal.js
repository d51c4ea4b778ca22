// @ts-check

/** @type {import('../types.d.ts').Act} */
export const removal = {
  title: 'Removal: the tier that all share at once, another isolate by its localTtl',
  async play({ ask, pass }) {
    const old = await ask('A', 'GET /stock/7', {
      note: 'loaded by A',
      tier: 'origin',
      value: 'new',
      requests: 2,
      commands: 2,
    })
    await ask('B', 'GET /stock/7', {
      note: 'B takes a copy',
      tier: 'l2',
      value: old,
      requests: 1,
      commands: 1,
    })
    await ask('A', 'DELETE /stock/7', {
      note: "out of Redis and out of A's memory",
      status: 204,
      requests: 1,
      commands: 1,
    })
    const fresh = await ask('A', 'GET /stock/7', {
      note: 'A never sees the old value again',
      tier: 'origin',
      value: 'new',
      requests: 2,
      commands: 2,
    })
    await ask('B', 'GET /stock/7', {
      note: 'still the old one, until its localTtl',
      tier: 'l1',
      value: old,
      requests: 0,
      commands: 0,
    })
    await pass(2100, "B's copy has expired")
    await ask('B', 'GET /stock/7', {
      note: 'the new value',
      tier: 'l2',
      value: fresh,
      requests: 1,
      commands: 1,
    })
  },
}
