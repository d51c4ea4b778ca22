import { HttpError } from './http-error.ts'
import type { Command } from './resp.ts'

const PERCENT = 0x25

/**
 * Reads a command from a URL such as `/set/foo/bar?EX=100`: the segments of the path, then the body, then the names
 * and values of the query. Percent escapes are bytes, so that a key or a value need not be text.
 */
export function parsePathCommand(path: string, query: string, body: Buffer): Command {
  const segments = path.replace(/^\//, '').replace(/\/$/, '').split('/')
  const words = segments.map((segment) => unescapeBytes(segment))
  if (body.length > 0) words.push(body)
  return [...words, ...queryWords(query)]
}

/** `EX=100` is two arguments, `NX` is one. The token is not part of the command. */
function queryWords(query: string): Buffer[] {
  const words: Buffer[] = []
  for (const pair of query.split('&')) {
    const [name = '', ...rest] = pair.split('=')
    if (name === '' || name === '_token') continue
    words.push(unescapeBytes(name.replaceAll('+', ' ')))
    if (rest.length > 0) words.push(unescapeBytes(rest.join('=').replaceAll('+', ' ')))
  }
  return words
}

function unescapeBytes(text: string): Buffer {
  const source = Buffer.from(text)
  const target = Buffer.alloc(source.length)
  let length = 0
  for (let at = 0; at < source.length; at++) {
    const byte = source[at] ?? 0
    target[length] = byte === PERCENT ? escapedByte(source.toString('latin1', at + 1, at + 3)) : byte
    if (byte === PERCENT) at += 2
    length += 1
  }
  return target.subarray(0, length)
}

function escapedByte(digits: string): number {
  if (!/^[0-9a-f]{2}$/i.test(digits))
    throw new HttpError(400, 'ERR the URL has a % without two hex digits after it')
  return Number.parseInt(digits, 16)
}
