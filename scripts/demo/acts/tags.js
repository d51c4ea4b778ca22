// @ts-check

/** @import { Expected } from '../types.d.ts' */

/** @type {import('../types.d.ts').Act} */
export const tags = {
  title: 'Tags: one write removes a whole category, without finding its keys',
  async play({ ask, pass }) {
    /** @type {Omit<Expected, 'note'>} */
    const load = { tier: 'origin', value: 'new', requests: 2, commands: 2 }
    const old = await ask('A', 'GET /products/51', { ...load, note: 'tagged "bath" by its factory' })
    await ask('A', 'GET /products/52', { ...load, note: 'tagged "bath", too' })
    const kept = await ask('A', 'GET /products/10', { ...load, note: 'tagged "kitchen"' })
    await ask('B', 'GET /products/51', {
      note: 'from Redis; B keeps a copy',
      tier: 'l2',
      value: old,
      requests: 1,
      commands: 1,
    })
    await ask('A', 'DELETE /tags/bath', {
      note: 'one write for all; script sent in full',
      status: 204,
      requests: 2,
      commands: 5,
      sent: 2,
      firstUse: 1,
    })
    /** @type {Omit<Expected, 'note'>} */
    const refill = { tier: 'origin', value: 'new', requests: 2, commands: 4, sent: 2 }
    const fresh = await ask('A', 'GET /products/51', { ...refill, note: 'loaded again: it was removed' })
    await ask('A', 'GET /products/52', { ...refill, note: 'loaded again, too' })
    await ask('A', 'GET /products/10', {
      note: 'not tagged "bath": still there',
      tier: 'l1',
      value: kept,
      requests: 0,
      commands: 0,
    })
    await pass(2100, 'a poll of the change log is due in B')
    await ask('B', 'GET /products/10', {
      note: 'polls, and learns of the removal',
      tier: 'l2',
      value: kept,
      requests: 1,
      commands: 1,
    })
    await ask('B', 'GET /products/51', {
      note: 'the new value',
      tier: 'l2',
      value: fresh,
      requests: 1,
      commands: 1,
    })
  },
}
