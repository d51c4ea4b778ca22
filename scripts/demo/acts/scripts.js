// @ts-check

/** @type {import('../types.d.ts').Act} */
export const scripts = {
  title: 'A Lua script: three items in stock, two isolates, and the last item is sold exactly once',
  async play({ ask, race }) {
    await ask('A', 'POST /reserve/42', {
      note: 'EVALSHA, then EVAL: it was not known',
      status: 201,
      requests: 2,
      commands: 4,
      sent: 2,
      firstUse: 1,
    })
    await ask('B', 'POST /reserve/42', {
      note: 'known by now: EVALSHA, GET, SET',
      status: 201,
      requests: 1,
      commands: 3,
      sent: 1,
    })
    await race('POST /reserve/42', [
      {
        note: 'both at once: one gets the last item',
        status: 201,
        requests: 1,
        commands: 3,
        sent: 1,
      },
      {
        note: 'the other is told it is sold out',
        status: 409,
        requests: 1,
        commands: 2,
        sent: 1,
      },
    ])
  },
}
