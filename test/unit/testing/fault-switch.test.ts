import { describe, expect, test } from 'vitest'
import {
  type Command,
  createHybridCache,
  type HybridCache,
  isCacheError,
  RedisReplyError,
} from '../../../src/index.ts'
import { AcquireLock, GetMultiple, type LuaScript, SetIfNotExists, textFor } from '../../../src/lua/index.ts'
import { push } from '../../../src/push/index.ts'
import { type Fault, FaultSwitch, ManualClock, MemoryTransport } from '../../../src/testing/index.ts'
import { stateOf } from '../../support/origin.ts'

interface Stage {
  readonly clock: ManualClock
  readonly memory: MemoryTransport
  readonly faults: FaultSwitch
  send(...commands: Command[]): Promise<unknown>
}

function stage(seed = 1): Stage {
  const clock = new ManualClock()
  const memory = new MemoryTransport({ clock })
  const faults = new FaultSwitch(memory, { clock, seed })
  const { signal } = new AbortController()
  const send = async (...commands: Command[]): Promise<unknown> => {
    const replies = await faults.send(commands, { signal, idempotent: true })
    return replies.map((reply) => (reply instanceof RedisReplyError ? reply.message.split(' ')[0] : reply))
  }
  return { clock, memory, faults, send }
}

const set: Command = ['SET', 'k', 'v']
const get: Command = ['GET', 'k']

describe('faults of a whole request', () => {
  test('refuse: nothing is executed', async () => {
    const { faults, memory, send } = stage()
    const stop = faults.inject({ fault: 'refuse' })
    await expect(send(set)).rejects.toThrow('fetch failed')
    expect(memory.requests).toBe(0)
    stop()
    expect(await send(get)).toEqual([null])
  })

  test('lose: it is executed, and the reply does not come', async () => {
    const { faults, send } = stage()
    faults.inject({ fault: 'lose', on: 'set' })
    await expect(send(set)).rejects.toThrow('fetch failed')
    expect(await send(get)).toEqual(['v'])
  })

  test.each([true, false])('silence, executed: %s', async (executed) => {
    const { faults, memory } = stage()
    faults.inject({ fault: 'silence', executed })
    const controller = new AbortController()
    const call = faults.send([set], { signal: controller.signal, idempotent: false })
    expect(await stateOf(call)).toBe('waiting')
    expect(memory.requests).toBe(executed ? 1 : 0)
    controller.abort(new Error('enough'))
    await expect(call).rejects.toThrow('enough')
  })

  test('delay: by the clock, and no longer than somebody waits', async () => {
    const { clock, faults, memory, send } = stage()
    faults.inject({ fault: 'delay', latency: '200ms', jitter: '100ms' })
    const call = send(set)
    await clock.advance(199)
    expect([await stateOf(call), memory.requests]).toEqual(['waiting', 0])
    await clock.advance(101)
    expect(await call).toEqual(['OK'])
    const gone = faults.send([set], { signal: AbortSignal.abort('gone'), idempotent: true })
    await expect(gone).rejects.toBe('gone')
    expect(clock.pending).toBe(0)
  })

  test.each([
    ['unauthorized', 'L2_AUTH'],
    ['rate-limited', 'L2_RATE_LIMITED'],
  ] as const)('%s is %s', async (fault, code) => {
    const { faults, clock } = stage()
    faults.inject({ fault })
    const cache = createHybridCache({ redis: faults, clock, l2: { retries: 0 } })
    await expect(cache.set('k', 1)).rejects.toMatchObject({ code })
  })
})

describe('errors of a command', () => {
  test('strike those that they are meant for; the others of the request are executed', async () => {
    const { faults, memory, send } = stage()
    faults.inject({ fault: 'OOM' })
    expect(await send(get, set, get, ['TIME'])).toMatchObject([
      null,
      'OOM',
      null,
      [expect.anything(), expect.anything()],
    ])
    expect(memory.commands).toBe(3)
    faults.clear()
    faults.inject({ fault: 'NOSCRIPT' })
    const lock: Command = ['EVALSHA', AcquireLock.sha1.redis, 1, 'k', 't', 1000]
    expect(await send(lock, ['EVAL', AcquireLock.source, 1, 'k', 't', 1000])).toEqual(['NOSCRIPT', 1])
    faults.clear()
    faults.inject({ fault: 'READONLY' })
    expect(await send(lock, ['EVALSHA_RO', GetMultiple.sha1.redis, 1, 'k'])).toEqual(['READONLY', ['t']])
  })

  test('by the name of a script, or with a text of one’s own', async () => {
    const { faults, send } = stage()
    faults.inject({ fault: 'error', text: 'BUSY Redis is busy', on: ['acquirelock'] })
    const lock: Command = ['EVALSHA', AcquireLock.sha1.upstash, 1, 'k', 't', 1000]
    expect(await send(lock, set)).toEqual(['BUSY', 'OK'])
  })

  test('NOSCRIPT by the name of a script strikes its SHA-1, and not its text', async () => {
    const { faults, send } = stage()
    faults.inject({ fault: 'NOSCRIPT', on: 'AcquireLock' })
    const words = [1, 'k', 't', 1000] as const
    const [sha1, text] = [AcquireLock.sha1.redis, textFor(AcquireLock, 'redis')]
    expect(await send(['EVALSHA', sha1, ...words], ['EVAL', text, ...words])).toEqual(['NOSCRIPT', 1])
  })

  test('a request of which nothing is left is not sent', async () => {
    const { faults, memory, send } = stage()
    faults.inject({ fault: 'WRONGTYPE', on: 'GET' })
    expect(await send(get)).toEqual(['WRONGTYPE'])
    expect(memory.requests).toBe(0)
  })
})

describe('a script that Redis does not know yet', () => {
  test.each<[Fault, passing: number]>([
    [{ fault: 'lose', on: 'SetEntry', times: 1 }, 0],
    [{ fault: 'lose', on: 'SetEntry', every: 2 }, 1],
    [{ fault: 'silence', on: 'setentry', executed: true }, 0],
    [{ fault: 'lose' }, 0],
  ])('is struck when it runs: %j', async (fault, passing) => {
    const { clock, faults } = stage()
    const cache = createHybridCache({ redis: faults, clock, l2: { retries: 0, timeout: '1s' } })
    await cache.set('k', 'first')
    faults.inject(fault)
    for (let i = 0; i < passing; i++) await cache.set('k', 'before')
    faults.inject({ fault: 'NOSCRIPT', times: 1 })
    const failing = cache.set('k', 'v').catch((error: unknown) => error)
    await clock.advance('1s')
    expect(await failing).toMatchObject({ code: fault.fault === 'lose' ? 'L2_NETWORK' : 'L2_TIMEOUT' })
    faults.clear()
    expect(await cache.get('k', { l1: false })).toBe('v')
    expect(faults.struck).toEqual({ NOSCRIPT: 1, [fault.fault]: 1 })
  })

  test.each(['redis', 'upstash'] as const)('is known by its text (%s)', async (dialect) => {
    const { faults, send } = stage()
    faults.inject({ fault: 'refuse', on: ['AcquireLock', 'GetMultiple'] })
    const command = (name: string, script: LuaScript): Command => [
      name,
      textFor(script, dialect),
      1,
      'k',
      't',
      9,
    ]
    await expect(send(command('EVAL', AcquireLock))).rejects.toThrow('fetch failed')
    await expect(send(command('eval_ro', GetMultiple))).rejects.toThrow('fetch failed')
    expect(await send(command('EVAL', SetIfNotExists))).toEqual([1])
  })

  test('and reads only may come as text to a replica', async () => {
    const { faults, send } = stage()
    faults.inject({ fault: 'READONLY' })
    const text = (script: LuaScript): Command => ['EVAL', textFor(script, 'redis'), 1, 'k', 't', 1000]
    expect(await send(text(GetMultiple), text(AcquireLock))).toEqual([[null], 'READONLY'])
  })
})

describe('how often', () => {
  const failures = async (given: Partial<Fault>, seed: number): Promise<string> => {
    const { faults, send } = stage(seed)
    faults.inject({ fault: 'refuse', ...given } as Fault)
    let text = ''
    for (let i = 0; i < 40; i++)
      text += await send(get).then(
        () => '.',
        () => 'x',
      )
    return text
  }

  test('every n-th, and so often at most', async () => {
    expect(await failures({ every: 3, times: 2 }, 1)).toBe(`..x..x${'.'.repeat(34)}`)
  })

  test('with a probability, the same for the same seed', async () => {
    const [one, again, other] = [
      await failures({ probability: 0.3 }, 5),
      await failures({ probability: 0.3 }, 5),
      await failures({ probability: 0.3 }, 6),
    ]
    expect(one).toBe(again)
    expect(one).not.toBe(other)
    const struck = one.split('x').length - 1
    expect(struck).toBeGreaterThan(3)
    expect(struck).toBeLessThan(24)
  })

  test('it counts what struck, and tells its seed', async () => {
    const { faults, send } = stage(9)
    faults.inject({ fault: 'LOADING', times: 2 })
    for (let i = 0; i < 5; i++) await send(get)
    expect([faults.seed, faults.struck]).toEqual([9, { LOADING: 2 }])
    expect(new FaultSwitch(new MemoryTransport()).seed).not.toBe(new FaultSwitch(new MemoryTransport()).seed)
  })
})

test('it is switched while the cache runs', async () => {
  const { clock, faults } = stage()
  const cache = createHybridCache({ redis: faults, clock, breaker: 'off', l2: { retries: 0 } })
  await cache.set('k', 1)
  const stop = faults.inject({ fault: 'refuse' })
  await expect(cache.set('k', 2)).rejects.toSatisfy(isCacheError)
  expect(await cache.get('k')).toBeUndefined()
  stop()
  expect(await cache.get('k')).toBe(1)
})

test.each<unknown>([
  {},
  { fault: 'nonsense' },
  { fault: 'refuse', every: 0 },
  { fault: 'refuse', times: 1.5 },
  { fault: 'refuse', probability: 0 },
  { fault: 'refuse', probability: 1.1 },
  { fault: 'refuse', probability: '1' },
  { fault: 'refuse', on: '' },
  { fault: 'refuse', on: [7] },
  { fault: 'delay' },
  { fault: 'delay', latency: 0 },
  { fault: 'delay', latency: '1s', jitter: -1 },
  { fault: 'error' },
  { fault: 'error', text: 'no kind' },
])('%j is refused', (fault) => {
  expect(() => stage().faults.inject(fault as Fault)).toThrow(TypeError)
})

test('what is no transport, and a seed that is no whole number, are refused', () => {
  expect(() => new FaultSwitch({} as MemoryTransport)).toThrow(TypeError)
  expect(() => new FaultSwitch(new MemoryTransport(), { seed: 0.5 })).toThrow(TypeError)
})

describe('listening', () => {
  const isolates = (): [FaultSwitch, () => HybridCache<true>] => {
    const { clock, faults } = stage()
    const coherence = { interval: '1d', push: push() } as const
    return [faults, () => createHybridCache({ redis: faults, clock, coherence })]
  }

  test('goes through, and fails where a fault strikes it', async () => {
    const [faults, isolate] = isolates()
    const stop = faults.inject({ fault: 'refuse', on: 'SUBSCRIBE' })
    const [deaf, hearing] = [isolate(), isolate()]
    await deaf.set('k', 1)
    expect(faults.struck).toEqual({ refuse: 1 })
    expect(deaf.stats().push?.connected).toBe(false)
    stop()
    await hearing.get('k')
    expect(hearing.stats().push?.connected).toBe(true)
    faults.inject({ fault: 'error', text: 'NOPERM no', on: 'SUBSCRIBE' })
    const refused = isolate()
    await refused.get('k')
    expect(refused.stats().push?.connected).toBe(false)
    await Promise.all([deaf, hearing, refused].map((cache) => cache.close()))
  })

  test('is not there where the transport cannot', () => {
    const deaf = new FaultSwitch({ send: async () => [] })
    expect(deaf.subscribe).toBeUndefined()
    const create = (): unknown => createHybridCache({ redis: deaf, coherence: { push: push() } })
    expect(create).toThrow('no subscribe()')
  })
})
