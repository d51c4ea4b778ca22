import { gzipSync } from 'node:zlib'
import { expect, test, vi } from 'vitest'
import { formatEntry } from '../../../src/entry/header.ts'
import { openEntry } from '../../../src/entry/index.ts'
import { headerOf } from '../../support/entries.ts'

const settings = { maxValueBytes: 2 ** 20, compressFrom: Infinity }
const bomb = (megabytes: number): string =>
  formatEntry({
    header: headerOf({ zip: 'gzip' }),
    payload: gzipSync(Buffer.alloc(megabytes * 2 ** 20)).toString('base64'),
  })

/** Counts what comes out of every decompression from now on. */
function countInflated(): { bytes: number } {
  const inflated = { bytes: 0 }
  const Native = DecompressionStream
  vi.stubGlobal(
    'DecompressionStream',
    class {
      readonly readable: ReadableStream<Uint8Array>
      readonly writable: WritableStream<BufferSource>
      constructor(format: CompressionFormat) {
        const native = new Native(format)
        const counter = new TransformStream<Uint8Array, Uint8Array>({
          transform(chunk, controller) {
            inflated.bytes += chunk.length
            controller.enqueue(chunk)
          },
        })
        this.readable = native.readable.pipeThrough(counter)
        this.writable = native.writable
      }
    },
  )
  return inflated
}

test('a payload that would inflate to 64 MiB is too large, and is not inflated beyond the cap', async () => {
  const bytes = bomb(64)
  expect(bytes.length).toBeLessThan(100_000)
  const inflated = countInflated()
  expect(await openEntry(bytes, 'e:key', settings)).toBe('too-large')
  expect(inflated.bytes).toBeGreaterThan(2 ** 20)
  expect(inflated.bytes).toBeLessThan(2 * 2 ** 20)
})

test('many of them at once are all stopped', async () => {
  const bytes = bomb(64)
  const inflated = countInflated()
  const opened = await Promise.all(Array.from({ length: 20 }, () => openEntry(bytes, 'e:key', settings)))
  expect(new Set(opened)).toEqual(new Set(['too-large']))
  expect(inflated.bytes).toBeLessThan(20 * 2 * 2 ** 20)
})

test('exactly the cap is not too large', async () => {
  const opened = await openEntry(bomb(1), 'e:key', settings)
  expect(typeof opened === 'string' ? opened : opened.encoded.text.length).toBe(2 ** 20)
})
