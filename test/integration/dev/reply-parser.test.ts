import fc from '../../support/fc.ts'
import { describe, expect, test } from 'vitest'
import { ReplyParser } from '../../../src/dev/reply-parser.ts'
import { encodeReply, errorReply, NULL_REPLY, type Reply } from '../../../src/dev/resp.ts'

const bytes = fc
  .oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.constantFrom('\r\n', '$5\r\nhello\r\n', '*1\r\n', '\r', '\n', ''),
  )
  .map((value) => Buffer.from(value as Uint8Array))

/** What may stand in a line: anything but CR, and no CR LF then; a lone LF may. */
const line = bytes.map((value) => Buffer.from(value.filter((byte) => byte !== 13)))

const { reply } = fc.letrec<{ reply: Reply }>((tie) => ({
  reply: fc.oneof(
    { maxDepth: 4 },
    fc.record({ type: fc.constant('status' as const), bytes: line }),
    fc.record({ type: fc.constant('error' as const), bytes: line }),
    fc.record({
      type: fc.constant('integer' as const),
      digits: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    }),
    fc.record({ type: fc.constant('bulk' as const), bytes }),
    fc.constant(NULL_REPLY),
    fc.record({ type: fc.constant('array' as const), items: fc.array(tie('reply'), { maxLength: 5 }) }),
  ),
}))

function cut(stream: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0, turn = 0; at < stream.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    // A copy, wiped by the caller: the parser must not keep looking into a buffer that the socket will reuse.
    pieces.push(Buffer.from(stream.subarray(at, at + size)))
    at += size
  }
  return pieces
}

describe('the RESP2 parser', () => {
  test('reads any replies from a stream cut into pieces of 1 to 9 bytes', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(fc.array(reply, { maxLength: 6 }), sizes, (replies, cuts) => {
        const parser = new ReplyParser()
        const read = cut(Buffer.concat(replies.map(encodeReply)), cuts).flatMap((piece) => {
          const done = parser.push(piece)
          const kept = structuredClone(done.map(encodeReply))
          piece.fill(0x2a)
          expect(done.map(encodeReply).map((one) => one.toString('hex'))).toEqual(
            kept.map((one) => Buffer.from(one).toString('hex')),
          )
          return done
        })
        expect(read).toEqual(replies)
      }),
      { numRuns: 500 },
    )
  })

  test('reads them from one piece too', () => {
    fc.assert(
      fc.property(fc.array(reply, { maxLength: 6 }), (replies) => {
        expect(new ReplyParser().push(Buffer.concat(replies.map(encodeReply)))).toEqual(replies)
      }),
    )
  })

  test('a long string in many pieces is not copied again for each', () => {
    const parser = new ReplyParser()
    const value = Buffer.alloc(64 * 2 ** 20, 'v')
    const stream = encodeReply({ type: 'bulk', bytes: value })
    const replies: Reply[] = []
    for (let at = 0; at < stream.length; at += 16_384)
      replies.push(...parser.push(stream.subarray(at, at + 16_384)))
    expect(replies).toHaveLength(1)
    const [read] = replies
    expect(read?.type === 'bulk' && read.bytes.equals(value)).toBe(true)
  })

  test('a null array is null', () => {
    expect(new ReplyParser().push(Buffer.from('*-1\r\n'))).toEqual([NULL_REPLY])
  })

  test.each(['hello\r\n', ':12a\r\n', '$x\r\n', '*1e9\r\n', '\r\n'])('%j is an error', (text) => {
    expect(() => new ReplyParser().push(Buffer.from(text))).toThrow('the engine sent')
  })

  test('an error reply stays one line', () => {
    expect(encodeReply(errorReply('ERR a\r\nb\nc')).toString()).toBe('-ERR a b c\r\n')
  })
})
