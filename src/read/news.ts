import type { Asking, Mark } from '../coherence/index.ts'
import type { Core } from '../core.ts'
import type { ReadOptions } from '../options.ts'
import { askMore, type Patience } from './deadline.ts'

/** The part of a read that a poll of the log needs. */
interface Reading extends Patience {
  readonly mark: Mark
  readonly options: ReadOptions
}

const mostRounds = 3
const none: readonly string[] = []

function tagsOf(readings: readonly Reading[]): readonly string[] {
  const [only] = readings
  if (readings.length === 1 && only !== undefined) return only.view.tagAddresses(only.options.tags ?? none)
  return [...new Set(readings.flatMap(({ view, options }) => view.tagAddresses(options.tags ?? none)))]
}

/**
 * Sends a read with whatever has to be asked before it, in the same request, and applies the news, that is, what the log and the
 * versions say, before its reply is used. `trusted`: whether anything in L2 is to be trusted.
 */
export async function withNews<T>(
  core: Core,
  readings: readonly Reading[],
  send: () => Promise<T>,
): Promise<{ reply: T; trusted: boolean }> {
  const tags = tagsOf(readings)
  const ask = (): Asking | undefined => {
    const asking = core.coherence.ask(tags)
    for (const { mark } of readings) mark.asking = asking
    return asking
  }
  try {
    const first = ask()
    // What has to wait for a write first does so within the same deadline.
    const reply = await (core.redis?.turn !== undefined
      ? askMore(core, readings[0] as Reading, send)
      : send())
    if (first === undefined) return { reply, trusted: true } // nearly always
    const [reading] = readings as readonly [Reading] // all belong to one operation
    let answer = { reply, news: await first.news }
    for (let round = 2; answer.news === 'again' && round <= mostRounds; round++) {
      answer = await askMore(core, reading, async () => {
        const asking = ask()
        return { reply: await send(), news: (await asking?.news) ?? 'ok' }
      })
    }
    const trusted = answer.news === 'ok'
    if (!trusted) for (const { mark } of readings) core.marks.unanswered(mark)
    return { reply: answer.reply, trusted }
  } catch (error) {
    // Later news will not have come with the reply that this operation uses.
    for (const { mark } of readings) core.marks.unanswered(mark)
    throw error
  }
}
