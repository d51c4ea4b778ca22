// @ts-check

// The first load of a removed key runs a script that Redis does not know yet, like the removal itself.
/** @type {import('../types.d.ts').Act} */
export const removal = {
  title:
    'Removal: gone from Redis and from A at once; B learns of it with its next read from Redis after 2 s',
  async play({ ask, pass }) {
    const old = await ask('A', 'GET /products/7', {
      note: 'loaded by A',
      tier: 'origin',
      value: 'new',
      requests: 2,
      commands: 2,
    })
    await ask('B', 'GET /products/7', {
      note: 'from Redis; B keeps a copy',
      tier: 'l2',
      value: old,
      requests: 1,
      commands: 1,
    })
    await ask('A', 'DELETE /products/7', {
      note: 'INCR SET ZADD; script sent in full',
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
      note: 'B has a copy, and sends nothing',
      tier: 'l1',
      value: old,
      requests: 0,
      commands: 0,
    })
    await pass(2100, 'a poll of the change log is due, with whatever B reads next from Redis')
    await ask('B', 'GET /products/11', {
      note: 'a read of any key will do',
      tier: 'origin',
      value: 'new',
      requests: 2,
      commands: 2,
    })
    await ask('B', 'GET /products/7', {
      note: "B dropped its copy, reads A's new one",
      tier: 'l2',
      value: fresh,
      requests: 1,
      commands: 1,
    })
  },
}
