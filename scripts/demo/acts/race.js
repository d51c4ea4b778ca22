// @ts-check

/** @type {import('../types.d.ts').Act} */
export const race = {
  title: 'The race: A loads a value, B removes it before the load has ended. Nobody keeps the old one',
  async play({ ask, meanwhile }) {
    await meanwhile(
      [
        'A',
        'GET /products/9',
        {
          note: 'began earlier: gives it, keeps nothing',
          tier: 'origin',
          value: 'new',
          requests: 2,
          commands: 2,
        },
      ],
      [
        'B',
        'DELETE /products/9',
        {
          note: 'in mid-load: leaves a tombstone',
          status: 204,
          requests: 1,
          commands: 4,
          sent: 1,
        },
      ],
    )
    const fresh = await ask('A', 'GET /products/9', {
      note: 'what A loaded then is not there',
      tier: 'origin',
      value: 'new',
      requests: 2,
      commands: 4,
      sent: 2,
    })
    await ask('B', 'GET /products/9', {
      note: 'and B gets the new one',
      tier: 'l2',
      value: fresh,
      requests: 1,
      commands: 1,
    })
  },
}
