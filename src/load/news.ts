import type { Mark, News } from '../coherence/index.ts'
import type { Core } from '../core.ts'
import type { ReadOptions } from '../options.ts'
import type { View } from '../view.ts'
import { askMore } from './deadline.ts'

/** What a read is about, as far as news go. */
interface Reading {
  readonly mark: Mark
  readonly view: View
  readonly options: ReadOptions
  /** Until when it waits for Redis, by the monotonic clock. */
  readonly deadline: number
}

const mostRounds = 3
const none: readonly string[] = []

function tagsOf(readings: readonly Reading[]): readonly string[] {
  const [only] = readings
  if (readings.length === 1 && only !== undefined) return only.view.tagAddresses(only.options.tags ?? none)
  return [...new Set(readings.flatMap(({ view, options }) => view.tagAddresses(options.tags ?? none)))]
}

/**
 * Sends a read with whatever has to be asked before it, in the same request, and applies the news before its reply is looked
 * at. `trusted`: whether anything in L2 is to be believed.
 */
export async function withNews<T>(
  core: Core,
  readings: readonly Reading[],
  send: () => Promise<T>,
): Promise<{ reply: T; trusted: boolean }> {
  const tags = tagsOf(readings)
  const { deadline } = readings[0] as Reading // one operation has one
  const ask = async (): Promise<{ reply: T; news: News }> => {
    const asking = core.coherence.ask(tags)
    for (const { mark } of readings) mark.asking = asking
    const reply = await send()
    return { reply, news: asking === undefined ? 'ok' : await asking.news }
  }
  for (let round = 1; ; round++) {
    const { reply, news } = await (round === 1 ? ask() : askMore(core, deadline, ask))
    if (news !== 'again' || round === mostRounds) return { reply, trusted: news === 'ok' }
  }
}
