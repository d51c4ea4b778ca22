import { NULL_REPLY, type Reply } from './resp.ts'

const LF = 0x0a
const CR = 0x0d

interface OpenArray {
  readonly items: Reply[]
  readonly size: number
}

interface OpenBulk {
  /** Room for the string and the CRLF after it. */
  readonly bytes: Buffer
  filled: number
}

/**
 * Reads RESP2 replies from a stream that may be cut anywhere. A long string is copied once, into its final place,
 * however many pieces it comes in.
 */
export class ReplyParser {
  #line: Buffer = Buffer.alloc(0)
  #bulk: OpenBulk | undefined
  readonly #arrays: OpenArray[] = []
  #done: Reply[] = []

  /** Takes the next piece; gives the replies that it completed. Throws on bytes that are not RESP2. */
  push(piece: Buffer): Reply[] {
    let at = 0
    while (at < piece.length) {
      at = this.#bulk === undefined ? this.#readLine(piece, at) : this.#fillBulk(this.#bulk, piece, at)
    }
    const done = this.#done
    this.#done = []
    return done
  }

  #readLine(piece: Buffer, from: number): number {
    const end = lineEnd(piece, from, this.#line.at(-1))
    const upTo = end === -1 ? piece.length : end + 1
    const part = piece.subarray(from, upTo)
    const line = this.#line.length === 0 ? part : Buffer.concat([this.#line, part])
    if (end === -1) {
      this.#line = Buffer.from(line)
    } else {
      this.#line = Buffer.alloc(0)
      this.#takeLine(line.subarray(0, -2))
    }
    return upTo
  }

  #fillBulk(bulk: OpenBulk, piece: Buffer, from: number): number {
    const copied = piece.copy(bulk.bytes, bulk.filled, from)
    bulk.filled += copied
    if (bulk.filled === bulk.bytes.length) {
      this.#bulk = undefined
      this.#finish({ type: 'bulk', bytes: bulk.bytes.subarray(0, -2) })
    }
    return from + copied
  }

  #takeLine(line: Buffer): void {
    const rest = line.subarray(1)
    switch (line.toString('latin1', 0, 1)) {
      case '+':
        return this.#finish({ type: 'status', bytes: Buffer.from(rest) })
      case '-':
        return this.#finish({ type: 'error', bytes: Buffer.from(rest) })
      case ':':
        return this.#finish({ type: 'integer', digits: integerText(rest) })
      case '$':
        return this.#openBulk(Number(integerText(rest)))
      case '*':
        return this.#openArray(Number(integerText(rest)))
      default:
        throw new Error('the engine sent something that is not RESP2')
    }
  }

  #openBulk(size: number): void {
    if (size < 0) this.#finish(NULL_REPLY)
    else this.#bulk = { bytes: Buffer.allocUnsafe(size + 2), filled: 0 }
  }

  #openArray(size: number): void {
    if (size < 0) this.#finish(NULL_REPLY)
    else if (size === 0) this.#finish({ type: 'array', items: [] })
    else this.#arrays.push({ items: [], size })
  }

  /** A finished reply may finish the array around it, and that one the next. */
  #finish(reply: Reply): void {
    let finished = reply
    for (let array = this.#arrays.at(-1); array !== undefined; array = this.#arrays.at(-1)) {
      array.items.push(finished)
      if (array.items.length < array.size) return
      this.#arrays.pop()
      finished = { type: 'array', items: array.items }
    }
    this.#done.push(finished)
  }
}

/** The index of the LF that ends the line. A lone LF inside a line does not. */
function lineEnd(piece: Buffer, from: number, before: number | undefined): number {
  for (let at = piece.indexOf(LF, from); at !== -1; at = piece.indexOf(LF, at + 1)) {
    if ((at === from ? before : piece[at - 1]) === CR) return at
  }
  return -1
}

function integerText(bytes: Buffer): string {
  const text = bytes.toString('latin1')
  if (!/^[+-]?\d{1,20}$/.test(text)) throw new Error('the engine sent a malformed number')
  return text
}
