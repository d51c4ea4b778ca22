/** A reply as Redis sent it. Strings stay bytes until they have to be printed. */
export type Reply =
  | { readonly type: 'status'; readonly bytes: Buffer }
  | { readonly type: 'error'; readonly bytes: Buffer }
  | { readonly type: 'integer'; readonly digits: string }
  | { readonly type: 'bulk'; readonly bytes: Buffer }
  | { readonly type: 'null' }
  | { readonly type: 'array'; readonly items: readonly Reply[] }

/** A command: its name and its arguments, as bytes. */
export type Command = readonly Buffer[]

export const NULL_REPLY: Reply = { type: 'null' }

const CRLF = Buffer.from('\r\n')

export function command(...words: readonly (string | Buffer)[]): Command {
  return words.map((word) => (typeof word === 'string' ? Buffer.from(word) : word))
}

export function commandName(words: Command): string {
  return (words[0] ?? Buffer.alloc(0)).toString('latin1').toUpperCase()
}

/** An error reply. Line breaks would end it early on the wire, so they become spaces, as in Redis. */
export function errorReply(text: string): Reply {
  return { type: 'error', bytes: Buffer.from(text.replaceAll(/[\r\n]+/g, ' ')) }
}

/** Several commands as one block of bytes: written at once, nothing comes between them. */
export function encodeCommands(commands: readonly Command[]): Buffer {
  const parts: Buffer[] = []
  for (const words of commands) {
    parts.push(Buffer.from(`*${words.length}\r\n`))
    for (const word of words) parts.push(Buffer.from(`$${word.length}\r\n`), word, CRLF)
  }
  return Buffer.concat(parts)
}

/** The reply as RESP2, byte for byte what a TCP client of Redis would have read. */
export function encodeReply(reply: Reply): Buffer {
  const parts: Buffer[] = []
  appendReply(reply, parts)
  return Buffer.concat(parts)
}

function appendReply(reply: Reply, parts: Buffer[]): void {
  switch (reply.type) {
    case 'status':
      parts.push(Buffer.from('+'), reply.bytes, CRLF)
      return
    case 'error':
      parts.push(Buffer.from('-'), reply.bytes, CRLF)
      return
    case 'integer':
      parts.push(Buffer.from(`:${reply.digits}\r\n`))
      return
    case 'bulk':
      parts.push(Buffer.from(`$${reply.bytes.length}\r\n`), reply.bytes, CRLF)
      return
    case 'null':
      parts.push(Buffer.from('$-1\r\n'))
      return
    case 'array':
      parts.push(Buffer.from(`*${reply.items.length}\r\n`))
      for (const item of reply.items) appendReply(item, parts)
  }
}
