import { parseCommand, parseCommands } from './command-json.ts'
import type { Executor } from './executor.ts'
import { HttpError } from './http-error.ts'
import { jsonReply, listReply, singleReply, type Format, type HttpReply } from './http-reply.ts'
import { parsePathCommand } from './path-style.ts'
import { errorReply } from './resp.ts'
import type { StatsCounter } from './stats.ts'

/** The parts of a request that decide what is done. */
export interface RestRequest {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly encoding: string | undefined
  readonly responseFormat: string | undefined
  /** Reads the body; called at most once. */
  body(): Promise<Buffer>
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT'])
const WITH_BODY = new Set(['POST', 'PUT'])

/** The REST API: which path does what. */
export class Router {
  readonly #executor: Executor
  readonly #stats: StatsCounter

  constructor(executor: Executor, stats: StatsCounter) {
    this.#executor = executor
    this.#stats = stats
  }

  async handle(request: RestRequest): Promise<HttpReply> {
    if (!METHODS.has(request.method))
      throw new HttpError(405, 'ERR method not allowed: use GET, HEAD, POST or PUT')
    if (request.path === '/_stats' || request.path === '/_stats/reset') return this.#statsPage(request)
    this.#stats.countRequest()
    const path = request.path.length > 1 ? request.path.replace(/\/$/, '') : request.path
    switch (path) {
      case '/pipeline':
        return this.#pipeline(request)
      case '/multi-exec':
        return this.#transaction(request)
      default:
        return this.#single(request)
    }
  }

  async #single(request: RestRequest): Promise<HttpReply> {
    const format = replyFormat(request)
    const body = WITH_BODY.has(request.method) ? await request.body() : Buffer.alloc(0)
    const words =
      request.path === '/' ? parseCommand(body) : parsePathCommand(request.path, request.query, body)
    const [reply] = await this.#executor.pipeline([words])
    return singleReply(reply ?? errorReply('ERR no reply'), format)
  }

  async #pipeline(request: RestRequest): Promise<HttpReply> {
    requireBodyMethod(request)
    const format = replyFormat(request)
    const commands = parseCommands(await request.body())
    return listReply(await this.#executor.pipeline(commands), format)
  }

  /** Always JSON: this endpoint has no RESP2 form. */
  async #transaction(request: RestRequest): Promise<HttpReply> {
    requireBodyMethod(request)
    const format = request.encoding === 'base64' ? 'base64' : 'text'
    const result = await this.#executor.transaction(parseCommands(await request.body()))
    return 'type' in result ? singleReply(result, format) : listReply(result, format)
  }

  #statsPage(request: RestRequest): HttpReply {
    const reset = request.path === '/_stats/reset'
    if (WITH_BODY.has(request.method) !== reset) {
      throw new HttpError(405, 'ERR method not allowed: use GET /_stats or POST /_stats/reset')
    }
    if (reset) this.#stats.reset()
    return jsonReply(200, JSON.stringify(this.#stats.snapshot()))
  }
}

function requireBodyMethod(request: RestRequest): void {
  if (!WITH_BODY.has(request.method)) {
    throw new HttpError(
      405,
      `ERR method not allowed: ${request.path} needs a POST with the commands in its body`,
    )
  }
}

function replyFormat({ encoding, responseFormat }: RestRequest): Format {
  const inBase64 = encoding === 'base64'
  switch (responseFormat) {
    case undefined:
    case 'json':
      return inBase64 ? 'base64' : 'text'
    case 'resp2':
      if (inBase64)
        throw new HttpError(400, 'ERR Upstash-Encoding: base64 cannot be combined with the resp2 format')
      return 'resp2'
    default:
      throw new HttpError(400, 'ERR unknown Upstash-Response-Format: use json or resp2')
  }
}
