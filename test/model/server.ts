import { createHash } from 'node:crypto'
import { type Command, RedisReplyError, type Reply } from '../../src/index.ts'
import { Backend } from '../../src/dev/backend.ts'
import { createEngine } from '../../src/dev/options.ts'
import { command, type Reply as WireReply } from '../../src/dev/resp.ts'

// The time that scripts and isolates are told stands in a list, which is set before each request; and what was given so and
// so long to live ends when that much of the model's time has passed.
const clockKey = 'model:clock'
const tick = `
redis.call('DEL', '${clockKey}')
redis.call('RPUSH', '${clockKey}', ARGV[1], ARGV[2])
local passed = tonumber(ARGV[3])
if passed == 0 then return 0 end
for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key)
  if left >= 0 and left <= passed then redis.call('DEL', key)
  elseif left >= 0 then redis.call('PEXPIRE', key, left - passed) end
end
return 1`

/** A real Redis, of which only the time is the model's. One connection, in this process; one model at a time. */
export class Server implements AsyncDisposable {
  readonly #backend: Backend
  /** Scripts as they are known to isolates, by the SHA-1 of their text, and as Redis knows them. */
  readonly #scripts = new Map<string, string>()
  #syncedAt = 0

  constructor(engine: 'redis-server' | 'embedded') {
    this.#backend = new Backend(createEngine(engine))
  }

  async start(): Promise<void> {
    await this.#backend.start()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#backend.close()
  }

  /** Loses everything, as a `FLUSHDB` does. */
  async flush(): Promise<void> {
    await this.#backend.connection.send([command('FLUSHDB')])
  }

  /** An empty database, at the beginning of a model's time. */
  async reset(): Promise<void> {
    this.#syncedAt = 0
    await this.flush()
  }

  /** Executes the commands of one request, at a time. */
  async execute(
    commands: readonly Command[],
    { elapsed, seconds, micros }: { elapsed: number; seconds: number; micros: number },
  ): Promise<(Reply | RedisReplyError)[]> {
    const passed = Math.floor(elapsed) - this.#syncedAt
    this.#syncedAt += passed
    const known = commands.map((each) => this.#known(each))
    const sent = known.map((each, i) => wire(each ? this.#translated(commands[i] as Command) : ['PING']))
    const set = wire(['EVAL', tick, 0, seconds, micros, passed])
    const [, ...replies] = await this.#backend.connection.send([set, ...sent])
    return replies.map((reply, i) =>
      known[i] ? toReply(reply) : new RedisReplyError('NOSCRIPT No matching script.'),
    )
  }

  #known([name, sha]: Command): boolean {
    return name !== 'EVALSHA' || this.#scripts.has(String(sha))
  }

  #translated([name, ...words]: Command): Command {
    if (name === 'TIME') return ['LRANGE', clockKey, 0, -1]
    if (name === 'EVALSHA')
      return ['EVALSHA', this.#scripts.get(String(words[0])) as string, ...words.slice(1)]
    if (name !== 'EVAL') return [name, ...words]
    const text = String(words[0]).replaceAll(
      "redis.call('TIME')",
      `redis.call('LRANGE', '${clockKey}', 0, -1)`,
    )
    this.#scripts.set(sha1(String(words[0])), sha1(text))
    return ['EVAL', text, ...words.slice(1)]
  }
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}

function wire(words: Command): readonly Buffer[] {
  return command(...words.map(String))
}

function toReply(reply: WireReply | undefined): Reply | RedisReplyError {
  switch (reply?.type) {
    case 'error':
      return new RedisReplyError(reply.bytes.toString())
    case 'integer':
      return Number(reply.digits)
    case 'array':
      return reply.items.map((item) => toReply(item) as Reply)
    case 'bulk':
    case 'status':
      return reply.bytes.toString()
    default:
      return null
  }
}
