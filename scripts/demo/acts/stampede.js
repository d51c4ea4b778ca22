// @ts-check

// The second isolate asks Redis again and again, more seldom the longer it takes: how often depends on the moment. Each time
// costs three commands, the last time two.
/** @type {import('../types.d.ts').Act} */
export const stampede = {
  title: 'A stampede: 40 requests for a cold key, in two isolates, and one call to a slow origin',
  async play({ ask, crowd }) {
    await ask('A', 'GET /trends/1', {
      note: 'with a lease; 2 scripts sent in full',
      tier: 'origin',
      value: 'new',
      requests: 4,
      commands: 9,
      sent: 4,
      firstUse: 2,
    })
    await crowd(20, 'GET /trends/2', [
      {
        note: 'one of 40 gets the lease, and loads',
        tier: 'origin',
        requests: 2,
        commands: 7,
        sent: 2,
      },
      {
        note: 'asks again until the value is there',
        tier: 'l2',
        requests: 1,
        commands: 2,
        sent: 1,
        most: { requests: 24, commands: 72 },
      },
    ])
  },
}
