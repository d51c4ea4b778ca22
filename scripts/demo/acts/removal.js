// @ts-check

// The first load over what was removed is a script that Redis has to learn, like the removal itself.
/** @type {import('../types.d.ts').Act} */
export const removal = {
  title: 'Removal: gone from Redis and from A at once; B is told by its next request after 2 s',
  async play({ ask, pass }) {
    const old = await ask('A', 'GET /products/7', {
      note: 'loaded by A',
      tier: 'origin',
      value: 'new',
      requests: 2,
      commands: 2,
    })
    await ask('B', 'GET /products/7', {
      note: 'B takes a copy',
      tier: 'l2',
      value: old,
      requests: 1,
      commands: 1,
    })
    await ask('A', 'DELETE /products/7', {
      note: 'INCR SET ZADD; Redis learns the script',
      status: 204,
      requests: 2,
      commands: 5,
      sent: 2,
      firstUse: 1,
    })
    const fresh = await ask('A', 'GET /products/7', {
      note: 'A never sees the old value again',
      tier: 'origin',
      value: 'new',
      requests: 3,
      commands: 5,
      sent: 3,
      firstUse: 1,
    })
    await ask('B', 'GET /products/7', {
      note: 'B asks nobody: nobody tells it',
      tier: 'l1',
      value: old,
      requests: 0,
      commands: 0,
    })
    await pass(2100, 'a look at the log is due, with whatever B asks next')
    await ask('B', 'GET /products/11', {
      note: 'any other request will do',
      tier: 'origin',
      value: 'new',
      requests: 2,
      commands: 2,
    })
    await ask('B', 'GET /products/7', {
      note: "B's copy is gone, A's new one is there",
      tier: 'l2',
      value: fresh,
      requests: 1,
      commands: 1,
    })
  },
}
