import type { Connection } from './connection.ts'
import { refusal } from './refusals.ts'
import { command, commandName, errorReply, type Command, type Reply } from './resp.ts'
import { prepareStep, type Step } from './script-commands.ts'
import type { ScriptRegistry } from './script-registry.ts'
import type { StatsCounter } from './stats.ts'

const EMPTY_COMMAND = 'ERR empty pipeline command'

/** Runs the commands of one HTTP request and counts what they cost. */
export class Executor {
  readonly #connection: Connection
  readonly #scripts: ScriptRegistry
  readonly #stats: StatsCounter

  constructor(connection: Connection, scripts: ScriptRegistry, stats: StatsCounter) {
    this.#connection = connection
    this.#scripts = scripts
    this.#stats = stats
  }

  /** Runs the commands in order, not atomically; each has its own reply, and an error stops none of the others. */
  async pipeline(commands: readonly Command[]): Promise<Reply[]> {
    const refused = commands.map(whyNot)
    const running = commands.filter((_, at) => refused[at] === undefined)
    const steps = await this.#prepare(running)
    const raw = await this.#connection.send(steps.map((step) => step.send))
    const replies = this.#finish(running, steps, raw).values()
    return refused.map((why) => (why === undefined ? nextOf(replies) : errorReply(why)))
  }

  /**
   * Runs the commands between MULTI and EXEC, written in one block so that no other request comes between. Gives one
   * error instead of the list when the transaction was discarded: then nothing has run and nothing is billed.
   */
  async transaction(commands: readonly Command[]): Promise<Reply[] | Reply> {
    const why = commands.map(whyNot).find((reason) => reason !== undefined)
    if (why !== undefined) {
      return errorReply(`EXECABORT Transaction discarded because of: ${why.replace(/^ERR /, '')}`)
    }
    const steps = await this.#prepare(commands)
    const raw = await this.#connection.send([
      command('MULTI'),
      ...steps.map((step) => step.send),
      command('EXEC'),
    ])
    const result = raw.at(-1)
    if (result?.type === 'array') return this.#finish(commands, steps, result.items)
    return result?.type === 'error' ? result : errorReply('EXECABORT Transaction discarded.')
  }

  #prepare(commands: readonly Command[]): Promise<Step[]> {
    return Promise.all(commands.map((words) => prepareStep(words, this.#scripts)))
  }

  #finish(commands: readonly Command[], steps: readonly Step[], raw: readonly Reply[]): Reply[] {
    return steps.map((step, at) => {
      const outcome = step.read(raw[at] ?? errorReply('ERR no reply'))
      this.#stats.countCommand(commands[at] ?? [], outcome)
      return outcome.reply
    })
  }
}

function whyNot(words: Command): string | undefined {
  if (words.length === 0 || commandName(words) === '') return EMPTY_COMMAND
  return refusal(words)
}

function nextOf(replies: Iterator<Reply>): Reply {
  const next = replies.next()
  return next.done === true ? errorReply('ERR no reply') : next.value
}
