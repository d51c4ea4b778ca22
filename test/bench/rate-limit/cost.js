// @ts-check
import { setTimeout as sleep } from 'node:timers/promises'

/** @typedef {import('./subjects.js').Make} Make */

/** What checks cost, as requests / billed commands: let through, denied, denied again. @param {{ url: string, token: string }} server @param {Make} make */
export async function costsOf(server, make) {
  const limiter = make(100, 60_000)()
  const id = `cost ${Math.random()}`
  await limiter.limit(id) // the server then knows the script
  const passed = await count(server, () => limiter.limit(id))
  let last = await count(server, () => limiter.limit(id))
  while (last.success) last = await count(server, () => limiter.limit(id))
  const again = await count(server, () => limiter.limit(id))
  return [passed, last, again].map(({ cost }) => cost).join(', ')
}

/** @param {{ url: string, token: string }} server @param {() => Promise<{ success: boolean }>} run */
async function count({ url, token }, run) {
  const headers = { authorization: `Bearer ${token}` }
  await fetch(`${url}/_stats/reset`, { method: 'POST', headers })
  const { success } = await run()
  await sleep(1)
  const { requests, commands } = /** @type {{ requests: number, commands: number }} */ (
    await (await fetch(`${url}/_stats`, { headers })).json()
  )
  return { success, cost: `${requests}/${commands}` }
}
