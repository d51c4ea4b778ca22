import { CacheError } from '../errors.ts'

/** Well above the longest message that a cache sends. */
const longestLine = 2 ** 18

/** Assembles text that arrives in arbitrary pieces into lines. */
export class Lines {
  readonly #decoder = new TextDecoder()
  #rest = ''

  /** The lines that a piece completes, without their line ends. Throws if one is longer than any that makes sense. */
  push(piece: Uint8Array): string[] {
    const lines = (this.#rest + this.#decoder.decode(piece, { stream: true })).split('\n')
    this.#rest = lines.pop() ?? ''
    if (this.#rest.length > longestLine)
      throw new CacheError('L2_REPLY', 'the reply on the push connection is not an event stream')
    return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
  }
}
