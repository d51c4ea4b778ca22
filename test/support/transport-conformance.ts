import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { type Command, RedisReplyError, type Reply, type Transport } from '../../src/index.ts'

export interface ConformanceOptions {
  /** A transport to a Redis that may hold anything. */
  readonly connect: () => Transport
  /** Whether that Redis runs scripts: needed for replies that are lists in lists. Default `true`. */
  readonly scripts?: boolean
  /** The same kind of transport to a server that never answers. Missing where the signal does not end a request. */
  readonly stalled?: () => Transport
}

/** What every transport must do, whatever is behind it. Call it where tests are declared. */
export function testTransport(name: string, { connect, scripts = true, stalled }: ConformanceOptions): void {
  describe(`the transport contract: ${name}`, () => {
    let key = ''
    beforeEach(() => {
      key = `conformance:${randomUUID()}`
    })
    const { signal } = new AbortController()
    const send = (commands: readonly Command[]): Promise<readonly (Reply | RedisReplyError)[]> =>
      connect().send(commands, { signal, idempotent: true })
    const store = (value: string, at = key): Command => ['SET', at, value, 'PX', 60_000]

    test('one reply a command, in order', async () => {
      const commands: Command[] = [
        store('1'),
        ['GET', key],
        store('2'),
        ['GET', key],
        ['DEL', key],
        ['GET', key],
      ]
      expect(await send(commands)).toEqual(['OK', '1', 'OK', '2', 1, null])
    })

    test('as many replies as commands, for one and for a thousand', async () => {
      expect(await send([['GET', key]])).toEqual([null])
      const many = Array.from({ length: 1000 }, (_, i): Command => store(`v${i}`, `${key}:${i}`))
      expect(await send(many)).toEqual(many.map(() => 'OK'))
      const reads = many.map((_, i): Command => ['GET', `${key}:${i}`])
      expect(await send(reads)).toEqual(many.map((_, i) => `v${i}`))
    })

    test('the error of one command is in its place, and the others have run', async () => {
      const replies = await send([store('text'), ['INCR', key], ['NOSUCHCOMMAND', key], ['GET', key]])
      expect(replies.map((reply) => (reply instanceof RedisReplyError ? 'error' : reply))).toEqual([
        'OK',
        'error',
        'error',
        'text',
      ])
      expect((replies[1] as Error).message).toMatch(/^(ERR|WRONGTYPE) /)
    })

    test.each([
      ['empty', ''],
      ['like a number', '0123'],
      ['like JSON', '{"a":[1,"2",null]}'],
      ['like JSON null', 'null'],
      ['quoted', '"x"'],
      ['OK', 'OK'],
      ['base64', 'aGVsbG8='],
      ['like an error', 'ERR no'],
      ['unicode', 'ü€🐎 \u2028\u0000\u001f "\\\n\r\t'],
      ['an entry', 'h1|e||1|2|||||00000000|j||||||e:key\n{"a":1}'],
    ])('a string comes back as the same string: %s', async (_, value) => {
      expect(await send([store(value), ['GET', key], ['MGET', key, `${key}:none`]])).toEqual([
        'OK',
        value,
        [value, null],
      ])
    })

    test('a value of 500 kB comes back whole, beside others', async () => {
      const value = 'ü🐎x'.repeat(72_000)
      expect(Buffer.byteLength(value)).toBeGreaterThan(500_000)
      expect(await send([store(value), ['GET', key], ['DEL', key]])).toEqual(['OK', value, 1])
    })

    test('keys of any text are kept apart', async () => {
      const keys = ['a b', 'a%20b', 'a/b', 'a\nb', 'a\u0000b', 'ü', '🐎', '{a}', '"', "'", '\\'].map(
        (k) => `${key}:${k}`,
      )
      await send(keys.map((each) => store(each, each)))
      expect(await send([['MGET', ...keys]])).toEqual([keys])
    })

    test('integers are numbers, also negative ones', async () => {
      expect(await send([['PTTL', key], store('x'), ['DEL', key, `${key}:none`]])).toEqual([-2, 'OK', 1])
    })

    test.runIf(scripts)('lists in lists keep their shape', async () => {
      const script = "return {1, 'x', {2, 'OK', {'ü', -3}}, {}, '', false}"
      expect(
        await send([
          ['EVAL', script, 0],
          ['GET', key],
        ]),
      ).toEqual([[1, 'x', [2, 'OK', ['ü', -3]], [], '', null], null])
    })

    test('requests that run at the same time do not mix', async () => {
      const values = Array.from({ length: 20 }, (_, i) => `v${i}`)
      const transport = connect()
      const replies = await Promise.all(
        values.map((value) =>
          transport.send([store(value, `${key}:${value}`), ['GET', `${key}:${value}`]], {
            signal,
            idempotent: false,
          }),
        ),
      )
      expect(replies).toEqual(values.map((value) => ['OK', value]))
    })

    test.runIf(stalled !== undefined)(
      'a signal that aborts ends the request at once, with its reason',
      async () => {
        const controller = new AbortController()
        const reason = new Error('enough')
        const call = (stalled as () => Transport)().send([['GET', key]], {
          signal: controller.signal,
          idempotent: true,
        })
        const outcome = call.catch((error: unknown) => error)
        setTimeout(() => controller.abort(reason), 20)
        expect(await Promise.race([outcome, late(2000)])).toBe(reason)
      },
    )

    test.runIf(stalled !== undefined)('a signal that has aborted already, too', async () => {
      const aborted = AbortSignal.abort('gone')
      const call = (stalled as () => Transport)().send([['GET', key]], { signal: aborted, idempotent: true })
      expect(await Promise.race([call.catch((error: unknown) => error), late(2000)])).toBe('gone')
    })

    test.runIf(stalled !== undefined)('a signal ends its own request and no other', async () => {
      const controller = new AbortController()
      const transport = connect()
      const calls = [controller.signal, signal].map((each) =>
        transport.send([store('x')], { signal: each, idempotent: true }),
      )
      controller.abort(new Error('one'))
      expect((await Promise.allSettled(calls))[1]).toEqual({ status: 'fulfilled', value: ['OK'] })
    })
  })
}

function late(ms: number): Promise<'late'> {
  return new Promise((resolve) => void setTimeout(() => resolve('late'), ms).unref())
}
