import type { IncomingMessage } from 'node:http'
import { HttpError } from './http-error.ts'

/** Reads a request's body, up to a limit in bytes. Anything beyond it is discarded as it arrives, never stored. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > limit) refuse(request, limit)
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += piece.length
    if (size > limit) refuse(request, limit)
    pieces.push(piece)
  }
  return Buffer.concat(pieces, size)
}

/** The rest is still read, or a client that is busy sending would see a broken connection and not the answer. */
function refuse(request: IncomingMessage, limit: number): never {
  request.resume()
  throw new HttpError(413, `ERR max request size exceeded. Limit: ${limit} bytes`)
}
