import { createHash } from 'node:crypto'
import fc from '../support/fc.ts'
import { describe, expect, test } from 'vitest'
import { fromBase64, readText, sha1, toBase64, toHex } from '../../src/encoding.ts'

const bytes = fc.uint8Array({ maxLength: 300 })

test('base64 and hexadecimal are those of Node', () => {
  fc.assert(
    fc.property(bytes, (each) => {
      const base64 = Buffer.from(each).toString('base64')
      expect(toBase64(each)).toBe(base64)
      expect(fromBase64(base64)).toEqual(new Uint8Array(each))
      expect(toHex(new Uint8Array(each).buffer)).toBe(Buffer.from(each).toString('hex'))
    }),
  )
  const large = new Uint8Array(100_000).map((_, i) => i)
  expect(toBase64(large)).toBe(Buffer.from(large).toString('base64'))
  expect(() => fromBase64('no base64!')).toThrow()
})

test('sha1 is that of the text in UTF-8', async () => {
  for (const text of ['', 'text', 'ü€😀'])
    expect(await sha1(text)).toBe(createHash('sha1').update(text).digest('hex'))
})

describe('the text of a stream', () => {
  const euro = new TextEncoder().encode('10 €')

  /** A stream without an end, a chunk a read, that tells what was read of it and whether it was cancelled. */
  function endless(chunk: Uint8Array): {
    stream: ReadableStream<Uint8Array>
    read: number
    cancelled: boolean
  } {
    const told = {
      read: 0,
      cancelled: false,
      stream: new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            told.read += chunk.length
            controller.enqueue(chunk)
          },
          cancel() {
            told.cancelled = true
            throw new Error('a source that does not like it')
          },
        },
        { highWaterMark: 0 },
      ),
    }
    return told
  }

  test('is whole where a character comes in two parts, up to exactly the most bytes', async () => {
    for (let at = 0; at <= euro.length; at++) {
      const stream = new Blob([euro.slice(0, at), euro.slice(at)]).stream()
      expect(await readText(stream, euro.length, new TextDecoder())).toBe('10 €')
    }
    const broken = new Blob([euro.slice(0, -1)]).stream()
    await expect(readText(broken, 100, new TextDecoder('utf-8', { fatal: true }))).rejects.toThrow(TypeError)
  })

  test('is undefined beyond them, and no more is read', async () => {
    expect(await readText(new Blob([euro]).stream(), euro.length - 1, new TextDecoder())).toBeUndefined()
    const source = endless(new Uint8Array(10))
    expect(await readText(source.stream, 95, new TextDecoder())).toBeUndefined()
    expect([source.read, source.cancelled]).toEqual([100, true])
  })
})
