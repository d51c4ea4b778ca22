import type { DevServer } from './server.ts'
import type { DevServerStats } from './stats.ts'

const REFRESH_MS = 500
const POSITIONS_SHOWN = 5
const CLEAR_LINE = '\r\u001B[2K'

/** The part of `process.stdout` that is used. */
export interface Output {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** Prints where the server is, and what to put into the environment. */
export function printStart(output: Output, server: DevServer): void {
  output.write(
    `hybrid-cache dev: Upstash-compatible REST API on ${server.url}, ${server.engine}\n\n` +
      `UPSTASH_REDIS_REST_URL=${server.env.UPSTASH_REDIS_REST_URL}\n` +
      `UPSTASH_REDIS_REST_TOKEN=${server.env.UPSTASH_REDIS_REST_TOKEN}\n\n`,
  )
}

/**
 * Prints each warning once, and on a terminal keeps one line with the counters up to date below them. Returns a
 * function that prints what is left, and stops.
 */
export function startLiveOutput(output: Output, stats: () => DevServerStats): () => void {
  const clear = output.isTTY === true ? CLEAR_LINE : ''
  const warned = new Set<string>()
  let shown = ''
  const show = (now: DevServerStats): void => {
    const warnings = newWarnings(now, warned)
    if (warnings !== '') {
      output.write(`${clear}${warnings}`)
      shown = ''
    }
    const line = totals(now)
    if (clear !== '' && line !== shown) output.write(`${clear}${line}`)
    shown = line
  }
  show(stats())
  const timer = setInterval(() => show(stats()), REFRESH_MS)
  return () => {
    clearInterval(timer)
    output.write(`${clear}${newWarnings(stats(), warned)}`)
  }
}

function newWarnings({ warnings }: DevServerStats, warned: Set<string>): string {
  const unusedKeys = Object.entries(warnings?.unusedKeys ?? {}).filter(([sha]) => !warned.has(sha))
  const lines = unusedKeys.map(([sha, { positions, runs }]) => {
    warned.add(sha)
    return (
      `Warning: script ${sha} left ${keysAt(positions)} untouched in ${plural(runs, 'run')}; ` +
      'Upstash locks every one of KEYS while it runs.\n'
    )
  })
  return lines.join('')
}

function keysAt(positions: readonly number[]): string {
  const shown = positions.slice(0, POSITIONS_SHOWN).map((position) => `KEYS[${position}]`)
  const more = positions.length - shown.length
  return more === 0 ? shown.join(', ') : `${shown.join(', ')} and ${more} more`
}

/** Prints the totals, the most frequent commands first. */
export function printSummary(output: Output, stats: DevServerStats): void {
  const byCount = Object.entries(stats.byCommand)
  byCount.sort(([, left], [, right]) => right - left)
  const lines = byCount.map(([name, times]) => `  ${String(times).padStart(8)}  ${name}\n`)
  output.write(`${totals(stats)}\n${lines.join('')}`)
}

function totals({ requests, commands }: DevServerStats): string {
  return `${plural(requests, 'HTTP request')}, ${plural(commands, 'billed command')}`
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
