import { encodeReply, type Reply } from './resp.ts'
import { errorJson, replyJson, type Encoding } from './reply-json.ts'

/** An HTTP answer, ready to be written. */
export interface HttpReply {
  readonly status: number
  readonly contentType: 'application/json' | 'application/octet-stream'
  readonly body: string | Buffer
}

/** How the client wants its replies. */
export type Format = Encoding | 'resp2'

export function jsonReply(status: number, body: string): HttpReply {
  return { status, contentType: 'application/json', body }
}

export function errorReplyJson(status: number, message: string): HttpReply {
  return jsonReply(status, errorJson(message))
}

/** The answer to one command: an error from Redis is an HTTP 400. */
export function singleReply(reply: Reply, format: Format): HttpReply {
  const status = reply.type === 'error' ? 400 : 200
  return format === 'resp2' ? rawReply(status, [reply]) : jsonReply(status, replyJson(reply, format))
}

/** The answer to a list of commands. As RESP2 the replies follow each other, as on a TCP connection. */
export function listReply(replies: readonly Reply[], format: Format): HttpReply {
  if (format === 'resp2') return rawReply(200, replies)
  return jsonReply(200, `[${replies.map((reply) => replyJson(reply, format)).join(',')}]`)
}

function rawReply(status: number, replies: readonly Reply[]): HttpReply {
  return { status, contentType: 'application/octet-stream', body: Buffer.concat(replies.map(encodeReply)) }
}
