import { ManualClock } from '../../support/manual-clock.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Command, createHybridCache, type HybridCache } from '../../../src/index.ts'
import { record } from '../../support/world.ts'
import { type Connected, kinds } from './clients.ts'
import { onEveryServer } from './servers.ts'

const values: [string, unknown][] = [
  ['plain data', { list: [1, 'two', null, { three: true }], text: 'ünïcödé 🙂 "quoted" \\ \n\t\u0000' }],
  ['ключ 🙂', 'ü€🐎 \u2028\u0000\u001f "\\\n\r\t'],
  ['what looks like JSON', '{"a":1}'],
  ['a number as text', '007'],
  ['OK', 'OK'],
  ['the empty string', ''],
  ['null', null],
  ['false', false],
  ['zero', 0],
  ['a date', new Date(1_700_000_000_000)],
  ['a map of sets', new Map([['a', new Set([1, 2n])]])],
  ['undefined inside', { a: undefined, b: [Number.NaN, -0, Infinity] }],
  ['bytes', new Uint8Array([0, 1, 127, 128, 255])],
  ['a byte order mark', '\uFEFFtext'],
  ['almost a megabyte, the most there may be', 'ü🐎x'.repeat(149_000)],
  ['an awkward key', JSON.parse('{"__proto__":{"x":1},"constructor":1}')],
]

// A busy machine must not make a deadline of a slow answer.
const l2 = { timeout: '5s' } as const

let prefixes = 0

onEveryServer((port) => {
  describe.each(kinds)('a cache over $name', (kind) => {
    const clients: Connected[] = []
    beforeAll(async () => {
      clients.push(await kind.connect(port()), await kind.connect(port()))
    })
    afterAll(() => clients.forEach((client) => client.close()))

    /** Two processes: each with a connection and an L1 of its own. */
    function pair(): [writer: HybridCache, reader: HybridCache] {
      const keyPrefix = `tcp-${prefixes++}`
      const [one, other] = clients.map((client) =>
        createHybridCache({ redis: client.transport, keyPrefix, l2 }),
      )
      return [one as HybridCache, other as HybridCache]
    }

    test('every kind of value comes back whole', async () => {
      const [writer, reader] = pair()
      for (const [key, value] of values) {
        await writer.set(key, value)
        expect(await reader.get(key), key).toEqual(value)
      }
    })

    test('many at once', async () => {
      const [writer, reader] = pair()
      await writer.setMany(values)
      const keys = values.map(([key]) => key)
      expect([...(await reader.getMany([...keys, 'none']))]).toEqual(values)
      await writer.remove(keys)
      expect((await reader.getMany(keys, { l1: false })).size).toBe(0)
    })

    test('a value is made once for both', async () => {
      const [one, other] = pair()
      let made = 0
      const make = (): number => ++made
      expect(await one.getOrCreate('k', make)).toBe(1)
      expect(await other.getOrCreate('k', make)).toBe(1)
      await one.remove('k')
      other.removeLocal('k')
      expect(await other.getOrCreate('k', make)).toBe(2)
    })

    test('what another has removed leaves L1, and nothing else does', async () => {
      const keyPrefix = `log-${prefixes++}`
      const clock = new ManualClock(Date.now())
      const [writer, reader] = clients.map(({ transport }) =>
        createHybridCache({ redis: transport, keyPrefix, clock, l2, coherence: { interval: 1000 } }),
      ) as [HybridCache, HybridCache]
      await writer.setMany([
        ['removed', 1],
        ['kept', 2],
      ])
      expect((await reader.getMany(['removed', 'kept'])).size).toBe(2)
      await writer.remove('removed')
      await clock.advance(1500)
      const checks = record(reader, 'check')
      await reader.get('another')
      expect(checks.map(({ reset }) => reset)).toEqual([false])
      expect([reader.getLocal('removed'), reader.getLocal('kept')]).toEqual([undefined, 2])
    })

    test('a sliding entry is extended when it is read in the second half of its window', async () => {
      const keyPrefix = `sliding-${prefixes++}`
      const transport = clients[0]?.transport
      const send = async (...command: Command): Promise<unknown> =>
        (await transport?.send([command], { signal: new AbortController().signal, idempotent: true }))?.[0]
      const end = async (): Promise<number> =>
        Number(String(await send('GET', `${keyPrefix}:e:k`)).split('|')[4])
      const clock = new ManualClock(Date.now())
      const work: Promise<unknown>[] = []
      const cache = createHybridCache({
        redis: transport,
        keyPrefix,
        clock,
        l2,
        waitUntil: (each) => work.push(each),
      })
      await cache.set('k', 'v', { ttl: '10m', sliding: '1m' })
      const before = await end()
      await clock.advance(29_000)
      expect(await cache.get('k', { l1: false })).toBe('v')
      expect([work.length, await end()]).toEqual([0, before])
      await clock.advance(10_000)
      expect(await cache.get('k', { l1: false })).toBe('v')
      await Promise.all(work)
      expect((await end()) - before).toBeGreaterThan(30_000)
    })

    test('what another program wrote is a miss, whatever its type', async () => {
      const keyPrefix = `foreign-${prefixes++}`
      const transport = clients[0]?.transport
      await transport?.send(
        [
          ['RPUSH', `${keyPrefix}:e:list`, 'a'],
          ['SET', `${keyPrefix}:e:text`, 'hello'],
        ],
        { signal: new AbortController().signal, idempotent: false },
      )
      const cache = createHybridCache({ redis: transport, keyPrefix, l2 })
      const errors = record(cache, 'error')
      expect(await cache.get('list')).toBeUndefined()
      expect(await cache.get('text')).toBeUndefined()
      expect(errors.map(({ error }) => error.code)).toEqual(['L2_REPLY'])
      await cache.set('list', 'ours')
      cache.removeLocal('list')
      expect(await cache.get('list')).toBe('ours')
    })
  })
})
