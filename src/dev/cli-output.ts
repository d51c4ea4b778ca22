import type { DevServer } from './server.ts'
import type { DevServerStats } from './stats.ts'

const REFRESH_MS = 500

/** The part of `process.stdout` that is used. */
export interface Output {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** Says where the server is and what to put into the environment. */
export function printStart(output: Output, server: DevServer): void {
  output.write(
    `hybrid-cache dev: Upstash-compatible REST API on ${server.url}, ${server.engine}\n\n` +
      `UPSTASH_REDIS_REST_URL=${server.env.UPSTASH_REDIS_REST_URL}\n` +
      `UPSTASH_REDIS_REST_TOKEN=${server.env.UPSTASH_REDIS_REST_TOKEN}\n\n`,
  )
}

/** On a terminal, keeps one line with the counters up to date. Gives what ends it. */
export function startLiveLine(output: Output, stats: () => DevServerStats): () => void {
  if (output.isTTY !== true) return () => undefined
  let shown = ''
  const show = (): void => {
    const line = totals(stats())
    if (line !== shown) output.write(`\r\u001B[2K${line}`)
    shown = line
  }
  show()
  const timer = setInterval(show, REFRESH_MS)
  return () => {
    clearInterval(timer)
    output.write('\r\u001B[2K')
  }
}

/** What it all came to, the most frequent commands first. */
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
