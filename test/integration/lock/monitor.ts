import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** One command as Redis ran it, with the instant by its clock, in milliseconds. */
export interface Executed {
  readonly at: number
  readonly words: readonly string[]
}

/** Everything that a Redis runs from now on, in the order in which it runs it. */
export async function monitor(
  port: number,
  tell: (executed: Executed) => void,
): Promise<{ readonly closed: Promise<unknown>; close(): void }> {
  const socket: Socket = connect(port, '127.0.0.1')
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => undefined) // its end is what counts
  socket.setEncoding('utf8')
  let rest = ''
  const read = (text: string): void => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const each of lines) {
      const executed = parse(each)
      if (executed !== undefined) tell(executed)
    }
  }
  await once(socket, 'connect')
  socket.write('MONITOR\r\n')
  const [first] = (await once(socket, 'data')) as [string]
  if (!first.startsWith('+OK')) throw new Error('this Redis cannot be monitored')
  read(first)
  socket.on('data', read)
  return { closed, close: () => void socket.end() }
}

// What scripts run, and what empties the database. Their words are names, numbers and tokens: none needs an escape.
const line = /^\+(\d+\.\d+) \[\d+ (?:lua\] ("(?:set|pexpire)" .*)|[^\]]+\] ("flushall"))\r?$/i

/** `+1700000000.123456 [0 lua] "SET" "key" "value"` */
function parse(text: string): Executed | undefined {
  const [, seconds, ofScript, other = ''] = line.exec(text) ?? []
  if (seconds === undefined) return undefined
  const words = (ofScript ?? other).slice(1, -1).split('" "')
  return { at: Number(seconds) * 1000, words }
}
