import { HttpError } from './http-error.ts'
import type { Command } from './resp.ts'

/** Reads the body of `POST /`: one command as a JSON array. */
export function parseCommand(body: Buffer): Command {
  const parsed = parseJson(body, 'ERR failed to parse command')
  if (!Array.isArray(parsed)) {
    throw new HttpError(
      400,
      'ERR failed to parse command: the body must be a JSON array such as ["GET","key"]',
    )
  }
  if (parsed.length === 0) throw new HttpError(400, 'ERR empty command')
  return toCommand(parsed, 'ERR failed to parse command')
}

/** Reads the body of `/pipeline` and `/multi-exec`: a JSON array of commands. */
export function parseCommands(body: Buffer): Command[] {
  const failure = 'ERR failed to parse pipeline request'
  const parsed = parseJson(body, failure)
  if (!Array.isArray(parsed) || !parsed.every((entry) => Array.isArray(entry))) {
    throw new HttpError(400, `${failure}: the body must be a JSON array of commands such as [["GET","key"]]`)
  }
  if (parsed.length === 0) throw new HttpError(400, 'ERR empty pipeline request')
  return parsed.map((entry) => toCommand(entry, failure))
}

function parseJson(body: Buffer, failure: string): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    throw new HttpError(400, `${failure}: the body is not valid UTF-8`)
  }
  try {
    return JSON.parse(text)
  } catch {
    // JSON.parse quotes the text in its message, and the text holds keys and values.
    throw new HttpError(400, `${failure}: the body is not valid JSON`)
  }
}

function toCommand(words: readonly unknown[], failure: string): Command {
  return words.map((word, at) => {
    if (typeof word === 'string') return Buffer.from(word)
    if (typeof word === 'number' || typeof word === 'boolean') return Buffer.from(String(word))
    throw new HttpError(400, `${failure}: argument ${at} must be a string, a number or a boolean`)
  })
}
