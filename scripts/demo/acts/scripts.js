// @ts-check

/** @type {import('../types.d.ts').Act} */
export const scripts = {
  title: 'A Lua script: three pieces, two isolates, and the last one goes to exactly one',
  async play({ ask, race }) {
    await ask('A', 'POST /reserve/42', {
      note: 'Redis learns the script: asked twice',
      status: 201,
      requests: 2,
      commands: 4,
      sent: 2,
      firstUse: 1,
    })
    await ask('B', 'POST /reserve/42', {
      note: 'known by now: EVALSHA, GET and SET',
      status: 201,
      requests: 1,
      commands: 3,
      sent: 1,
    })
    await race('POST /reserve/42', [
      {
        note: 'both at once: one gets the last piece',
        status: 201,
        requests: 1,
        commands: 3,
        sent: 1,
      },
      {
        note: 'and the other learns it is sold out',
        status: 409,
        requests: 1,
        commands: 2,
        sent: 1,
      },
    ])
  },
}
