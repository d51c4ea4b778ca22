// @ts-check

// An isolate's first request to Redis also asks for the server's time: one command more.
/** @type {import('../types.d.ts').Act} */
export const tiers = {
  title: 'Two tiers: one load serves every isolate',
  async play({ ask }) {
    const first = await ask('A', 'GET /products/42', {
      note: 'cold: load it, store it, ask the TIME',
      tier: 'origin',
      value: 'new',
      requests: 2,
      commands: 3,
    })
    await ask('B', 'GET /products/42', {
      note: "A's load serves B (first one: TIME)",
      tier: 'l2',
      value: first,
      requests: 1,
      commands: 2,
    })
    await ask('B', 'GET /products/42', {
      note: 'B now has a copy of its own',
      tier: 'l1',
      value: first,
      requests: 0,
      commands: 0,
    })
    await ask('A', 'GET /products/42', {
      note: 'A kept one when it loaded',
      tier: 'l1',
      value: first,
      requests: 0,
      commands: 0,
    })
  },
}
