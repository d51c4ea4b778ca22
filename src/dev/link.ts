import { connect, type Socket } from 'node:net'
import type { Endpoint } from './engine.ts'
import { EngineUnavailableError } from './engine-unavailable.ts'
import { ReplyParser } from './reply-parser.ts'
import { command, encodeCommands, type Command, type Reply } from './resp.ts'

const CONNECT_TIMEOUT_MS = 2_000

interface Waiting {
  readonly expected: number
  readonly replies: Reply[]
  resolve(replies: Reply[]): void
  reject(reason: Error): void
}

/** Connects and logs in. Rejects with {@link EngineUnavailableError} when either is refused. */
export async function openLink(endpoint: Endpoint, onClose: () => void): Promise<Link> {
  const link = new Link(await openSocket(endpoint), onClose)
  const replies = await link.send(greeting(endpoint))
  const refused = replies.find((reply) => reply.type === 'error')
  if (refused === undefined) return link
  link.destroy()
  throw new EngineUnavailableError('the Redis engine refused the login or the database number of its URL')
}

/** The first commands on a connection. */
export function greeting({ username, password, database }: Endpoint): Command[] {
  const commands = [command('PING')]
  if (database !== undefined) commands.unshift(command('SELECT', String(database)))
  if (password !== undefined) {
    commands.unshift(username === undefined ? command('AUTH', password) : command('AUTH', username, password))
  }
  return commands
}

export function openSocket({ host, port }: Endpoint): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true })
    const fail = (): void => {
      socket.destroy()
      reject(new EngineUnavailableError('the Redis engine does not accept connections'))
    }
    socket.setTimeout(CONNECT_TIMEOUT_MS, fail)
    socket.once('error', fail)
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.off('error', fail)
      resolve(socket)
    })
  })
}

/** One socket's life: from connected to closed, once. */
export class Link {
  readonly #socket: Socket
  readonly #parser = new ReplyParser()
  readonly #waiting: Waiting[] = []

  constructor(socket: Socket, onClose: () => void) {
    this.#socket = socket
    socket.on('data', (piece: Buffer) => this.#take(piece))
    // The error is only the reason for the close that follows it.
    socket.on('error', () => undefined)
    socket.once('close', () => {
      onClose()
      this.#failAll()
    })
  }

  send(commands: readonly Command[]): Promise<Reply[]> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(lost())
      this.#waiting.push({ expected: commands.length, replies: [], resolve, reject })
      this.#socket.write(encodeCommands(commands))
    })
  }

  destroy(): void {
    this.#socket.destroy()
    this.#failAll()
  }

  #take(piece: Buffer): void {
    try {
      for (const reply of this.#parser.push(piece)) this.#deliver(reply)
    } catch {
      // After bytes that are not RESP2, it is unknown which reply belongs to which command.
      this.destroy()
    }
  }

  #deliver(reply: Reply): void {
    const first = this.#waiting[0]
    if (first === undefined) throw new Error('the engine sent a reply to no command')
    first.replies.push(reply)
    if (first.replies.length < first.expected) return
    this.#waiting.shift()
    first.resolve(first.replies)
  }

  #failAll(): void {
    for (const waiting of this.#waiting.splice(0)) waiting.reject(lost())
  }
}

function lost(): EngineUnavailableError {
  return new EngineUnavailableError('the connection to the Redis engine was lost before it answered')
}
