import type { Call } from './batch.ts'
import { type Command, RedisReplyError, type Reply } from './transport.ts'

/** A command that is sent, and how many calls it answers. */
interface Sent {
  command: Command
  readonly calls: number
}

/** What is sent for the calls of a request: adjacent reads of entries become one command, and are billed as one. */
export function merge(calls: readonly Call[]): Sent[] {
  const sent: Sent[] = []
  for (let i = 0; i < calls.length;) {
    const end = endOfReads(calls, i)
    if (end - i < 2) sent.push({ command: (calls[i++] as Call).command, calls: 1 })
    else {
      const keys = calls.slice(i, end).map(({ command }) => command[1] as string)
      sent.push({ command: ['MGET', ...keys], calls: end - i })
      i = end
    }
  }
  return sent
}

function endOfReads(calls: readonly Call[], start: number): number {
  let end = start
  while (calls[end]?.mergeable === true) end++
  return end
}

/** The reply to each call, from the reply to each command. */
export function unmerge(
  sent: readonly Sent[],
  replies: readonly (Reply | RedisReplyError)[],
): (Reply | RedisReplyError)[] {
  if (sent.every(({ calls }) => calls === 1)) return replies as (Reply | RedisReplyError)[]
  return sent.flatMap(({ calls }, i) => {
    const reply = replies[i] ?? null
    if (calls === 1) return [reply]
    if (Array.isArray(reply) && reply.length === calls) return reply as Reply[]
    const error = reply instanceof RedisReplyError ? reply : new RedisReplyError('ERR not one value per key')
    return Array.from({ length: calls }, () => error)
  })
}
