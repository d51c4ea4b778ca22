// @ts-check

// An isolate's first request to Redis also asks for the server's time and for the versions: two commands more. A database that
// has none is given some, by a script whose text has to be sent in full: three requests more, once.
/** @type {import('../types.d.ts').Act} */
export const tiers = {
  title: 'Two tiers: one load serves every isolate',
  async play({ ask }) {
    const first = await ask('A', 'GET /products/42', {
      note: 'cold start: sets up an empty Redis',
      tier: 'origin',
      value: 'new',
      requests: 5,
      commands: 12,
      sent: 7,
      firstUse: 1,
    })
    await ask('B', 'GET /products/42', {
      note: "A's load serves B (once: TIME, MGET)",
      tier: 'l2',
      value: first,
      requests: 1,
      commands: 3,
    })
    await ask('B', 'GET /products/42', {
      note: 'B now has a copy of its own',
      tier: 'l1',
      value: first,
      requests: 0,
      commands: 0,
    })
    await ask('A', 'GET /products/42', {
      note: 'A kept a copy when it loaded',
      tier: 'l1',
      value: first,
      requests: 0,
      commands: 0,
    })
  },
}
