// @ts-check

const paths = ['/products/9', '/products/19', '/products/29', '/products/39', '/products/49']

/** @type {import('../types.d.ts').Act} */
export const race = {
  title: 'The race: A loads a value, B removes it before the load has ended. The old one is stored nowhere',
  async play({ ask, meanwhile }) {
    const path = await meanwhile(paths, (product) => [
      [
        'A',
        `GET ${product}`,
        {
          note: 'returned, but not stored',
          tier: 'origin',
          value: 'new',
          requests: 2,
          commands: 2,
        },
      ],
      [
        'B',
        `DELETE ${product}`,
        {
          note: "during A's load: leaves a tombstone",
          status: 204,
          requests: 1,
          commands: 4,
          sent: 1,
        },
      ],
    ])
    const fresh = await ask('A', `GET ${path}`, {
      note: 'reloaded: nothing was stored',
      tier: 'origin',
      value: 'new',
      requests: 2,
      commands: 4,
      sent: 2,
    })
    await ask('B', `GET ${path}`, {
      note: 'B gets the new value',
      tier: 'l2',
      value: fresh,
      requests: 1,
      commands: 1,
    })
  },
}
