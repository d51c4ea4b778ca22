// @ts-check

/** @import { Expected } from '../types.d.ts' */

/** @type {import('../types.d.ts').Act} */
export const tags = {
  title: 'Tags: one write takes a whole category away, without looking for it',
  async play({ ask, pass }) {
    /** @type {Omit<Expected, 'note'>} */
    const load = { tier: 'origin', value: 'new', requests: 2, commands: 2 }
    const old = await ask('A', 'GET /products/51', { ...load, note: 'tagged bath, by its factory' })
    await ask('A', 'GET /products/52', { ...load, note: 'bath, too' })
    const kept = await ask('A', 'GET /products/10', { ...load, note: 'tagged kitchen' })
    await ask('B', 'GET /products/51', {
      note: 'B takes a copy',
      tier: 'l2',
      value: old,
      requests: 1,
      commands: 1,
    })
    await ask('A', 'DELETE /tags/bath', {
      note: 'one request, for however many',
      status: 204,
      requests: 2,
      commands: 5,
      sent: 2,
      firstUse: 1,
    })
    /** @type {Omit<Expected, 'note'>} */
    const refill = { tier: 'origin', value: 'new', requests: 2, commands: 4, sent: 2 }
    const fresh = await ask('A', 'GET /products/51', { ...refill, note: 'loaded anew, over what is dead' })
    await ask('A', 'GET /products/52', { ...refill, note: 'likewise' })
    await ask('A', 'GET /products/10', {
      note: 'the kitchen is untouched',
      tier: 'l1',
      value: kept,
      requests: 0,
      commands: 0,
    })
    await pass(2100, 'a look at the log is due in B')
    await ask('B', 'GET /products/10', {
      note: "takes it, and hears of the bath's",
      tier: 'l2',
      value: kept,
      requests: 1,
      commands: 1,
    })
    await ask('B', 'GET /products/51', {
      note: 'the new one',
      tier: 'l2',
      value: fresh,
      requests: 1,
      commands: 1,
    })
  },
}
