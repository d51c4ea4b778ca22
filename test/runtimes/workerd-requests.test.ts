import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { bundleForEdge } from './support/bundle.ts'
import { workFolder } from './support/built.ts'
import { startWorkerd } from './support/workerd.ts'
import { startWorld, type World } from './support/world.ts'

/** Asks the Worker, for 6 s at most: longer than its deadline for Redis. */
async function ask(url: string): Promise<unknown> {
  return (await fetch(url, { signal: AbortSignal.timeout(6000) })).json()
}

// What one isolate does when it serves many requests, and when one of them dies in the middle.
describe.each([{ date: '2026-11-17' }, { date: '2024-01-01' }])(
  'requests in workerd $date',
  (compatibility) => {
    const folder = workFolder()
    let world: World
    let bundle: string

    beforeAll(async () => {
      world = await startWorld(`requests-${compatibility.date}`)
      bundle = await bundleForEdge(folder.path, { entry: 'app', format: 'esm', input: world.input })
    }, 60_000)
    afterEach(() => world.gate.open())
    afterAll(async () => {
      await world[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    })

    /**
     * Sends a request and breaks the connection off once it waits for Redis: workerd then cancels what it does, unless that is
     * held by a `waitUntil`, as a load is.
     */
    async function die(url: string, held: boolean): Promise<void> {
      const { port, host, pathname } = new URL(url)
      const socket = connect({ port: Number(port), host: '127.0.0.1' }, () =>
        socket.write(`GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\n\r\n`),
      )
      socket.on('error', () => undefined)
      await vi.waitFor(() => expect(world.gate.waiting).toBe(1), { timeout: 5000 })
      socket.resetAndDestroy()
      if (!held) await vi.waitFor(() => expect(world.gate.waiting).toBe(0), { timeout: 5000 })
    }

    test('a value made for one request is in L1 for the next', async () => {
      await using workerd = await startWorkerd(bundle, compatibility)
      expect(await ask(`${workerd.found}/load/shared`)).toBe('made for shared')
      const local = async (): Promise<void> =>
        expect(await ask(`${workerd.found}/local/shared`)).toBe('made for shared')
      await vi.waitFor(local, { timeout: 5000 }) // as soon as Redis has it
    })

    test('the write to Redis does not hold the response up, and is done after it', async () => {
      await using workerd = await startWorkerd(bundle, compatibility)
      world.gate.shut('SET')
      expect(await ask(`${workerd.found}/load/late`)).toBe('made for late')
      await vi.waitFor(() => expect(world.gate.waiting).toBe(1), { timeout: 5000 })
      const before = world.redis.stats().byCommand['SET'] ?? 0
      world.gate.open()
      await vi.waitFor(() => expect(world.redis.stats().byCommand['SET']).toBe(before + 1), { timeout: 5000 })
    })

    test('requests at the same time get their own values', async () => {
      await using workerd = await startWorkerd(bundle, compatibility)
      const keys = Array.from({ length: 50 }, (_, i) => `many-${i % 10}`)
      const values = await Promise.all(keys.map((key) => ask(`${workerd.found}/load/${key}`)))
      expect(values).toEqual(keys.map((key) => `made for ${key}`))
    })

    for (const [how, command] of [
      ['set', 'TIME'],
      ['get', 'GET'],
      ['load', 'GET'],
    ] as const) {
      const name = `an isolate whose first ${how} dies while it waits for ${command} serves the next request`
      test(name, async () => {
        await using workerd = await startWorkerd(bundle, compatibility)
        world.gate.shut(command)
        await die(`${workerd.found}/${how}/dying-${how}`, how === 'load')
        world.gate.open()
        expect(await ask(`${workerd.found}/get/next-${how}`)).toBeNull()
        expect(await ask(`${workerd.found}/set/next-${how}`)).toBeNull()
        expect(await ask(`${workerd.found}/load/next-${how}`)).toBe(`set for next-${how}`)
        expect(await ask(`${workerd.found}/load/dying-${how}`)).toBe(`made for dying-${how}`)
      })
    }

    test.each([
      ['set', 'EVALSHA'],
      ['load', 'GET'],
    ])('a %s that dies while it waits for %s leaves its key usable', async (how, command) => {
      await using workerd = await startWorkerd(bundle, compatibility)
      await ask(`${workerd.found}/get/warm`)
      world.gate.shut(command)
      await die(`${workerd.found}/${how}/left-${how}`, how === 'load')
      world.gate.open()
      expect(await ask(`${workerd.found}/load/left-${how}`)).toBe(`made for left-${how}`)
      expect(await ask(`${workerd.found}/set/left-${how}`)).toBeNull()
      expect(await ask(`${workerd.found}/local/left-${how}`)).toBe(`set for left-${how}`)
    })
  },
)
