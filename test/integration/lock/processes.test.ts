import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startDevServer } from '../../../src/dev/index.ts'
import { redisServerBin, startTestRedis } from '../../support/redis-server.ts'
import { startProxy } from '../tcp/servers.ts'
import { History, overlaps, type Told } from './history.ts'
import { monitor } from './monitor.ts'

// LOCK_ACQUISITIONS=10000 for the whole of what the documentation says; that takes a minute or two.
const acquisitions = Number(process.env['LOCK_ACQUISITIONS'] ?? 2_000)
const processes = 8
const workers = 3
const names = ['a', 'b', 'c', 'd', 'e', 'f']
const prefix = 'proof'
const wait = 60_000

interface Taken extends Told {
  readonly waited: number
  readonly how: string
  readonly error: string
}

/** Starts processes that take locks, and resolves when all have done their part; rejects as soon as `trouble` does. */
async function run(given: object, tell: (taken: Taken) => void, trouble: Promise<never>): Promise<void> {
  const children: ChildProcess[] = []
  try {
    const ends = Array.from({ length: processes }, async () => {
      const child = fork(join(import.meta.dirname, 'holder.js'), {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      })
      children.push(child)
      child.on('message', (message) => tell(message as Taken))
      const exit = once(child, 'exit')
      child.send({ ...given, prefix, names, workers, wait, count: acquisitions / processes })
      expect((await exit)[0]).toBe(0)
    })
    await Promise.race([Promise.all(ends), trouble])
  } finally {
    for (const child of children) child.kill('SIGKILL')
  }
}

describe.skipIf(redisServerBin() === undefined)('many processes', () => {
  test(
    'never hold one lock at once, by the server’s clock or their own, through lost answers and lost data',
    async () => {
      await using redis = await startTestRedis()
      await using server = await startDevServer({ engine: { url: redis.url } })
      await using proxy = await startProxy(Number(new URL(server.url).port))
      let [requests, cut] = [0, 0]
      proxy.onData = (text) => {
        proxy.seen.length = 0
        if (!text.startsWith('POST') || ++requests % 50 !== 0) return 'pass'
        cut++
        return 'cut'
      }
      const history = new History(prefix)
      const losses: number[] = []
      let watching = await monitor(redis.port, (executed) => history.run(executed))

      const restart = async (): Promise<void> => {
        await server.stopRedis()
        await redis.kill()
        await watching.closed
        history.empty()
        losses.push(Date.now())
        await redis.restart()
        watching = await monitor(redis.port, (executed) => history.run(executed))
        await server.startRedis()
        losses.push(Date.now())
      }
      const flush = async (): Promise<void> => {
        losses.push(Date.now())
        const { url, token } = server
        const headers = { authorization: `Bearer ${token}` }
        const response = await fetch(url, { method: 'POST', headers, body: '["FLUSHALL"]' })
        expect(await response.json()).toEqual({ result: 'OK' })
        losses.push(Date.now())
      }

      const told: Taken[] = []
      const failed: Taken[] = []
      const incidents: Promise<void>[] = []
      let fail!: (reason: unknown) => void
      const trouble = new Promise<never>((_, reject) => (fail = reject))
      const happen = (incident: Promise<void>): void => void incidents.push(incident.catch(fail))
      const tell = (taken: Taken): void => {
        if (taken.fence === 0) return void failed.push(taken)
        told.push(taken)
        if (told.length === Math.floor(acquisitions / 2)) happen(restart())
        if (told.length === Math.floor((acquisitions * 3) / 4)) happen(flush())
      }
      await run({ url: `http://127.0.0.1:${proxy.port}`, token: server.token }, tell, trouble)
      await Promise.all(incidents)
      watching.close()
      await watching.closed

      const outcomes: Record<string, number> = {}
      for (const { how, error } of [...told, ...failed]) {
        const word = `${how} ${error}`.trim()
        outcomes[word] = (outcomes[word] ?? 0) + 1
      }
      const longest = Math.max(...told.map(({ waited }) => waited))
      if (process.env['LOCK_ACQUISITIONS'] !== undefined)
        console.log({
          grants: history.grants.length,
          ended: history.expired,
          requests,
          cut,
          longest,
          outcomes,
        })

      // What Redis ran: one holder at a time, and fences that rise, through the restart and the flush.
      expect(history.faults).toEqual([])
      // What the processes say is what Redis ran: each grant once, and none made up.
      const granted = new Map(history.grants.map(({ fence, name }) => [`${name} ${fence}`, true]))
      expect(told.filter(({ name, fence }) => !granted.has(`${name} ${fence}`))).toEqual([])
      expect(new Set(told.map(({ name, fence }) => `${name} ${fence}`)).size).toBe(told.length)
      // And while a process was sure of its lock, no other one was.
      expect(overlaps(told, losses)).toEqual([])
      // Nobody waited for ever, or only nearly.
      expect(outcomes['timeout'] ?? 0).toBe(0)
      expect(longest).toBeLessThan(wait / 2)

      // All of it was put to the test.
      expect(told.length).toBeGreaterThanOrEqual(acquisitions)
      expect(cut).toBeGreaterThan(acquisitions / 50)
      for (const how of ['released', 'expired', 'lost', 'left'])
        expect([how, outcomes[how]]).not.toEqual([how, undefined])
      expect(history.expired).toBeGreaterThan(acquisitions / 100)
      expect(losses).toHaveLength(4)
    },
    acquisitions * 30 + 60_000,
  )
})
