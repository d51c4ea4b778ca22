import type { DevServerStats } from '../../src/dev/index.ts'

type Counted = Pick<DevServerStats, 'requests' | 'commands' | 'byCommand'>

/** What was counted without the trim of the log, a command more for one write in 256: which one, the server's time decides. */
export function withoutTrim({ requests, commands, byCommand }: Counted): {
  requests: number
  commands: number
} {
  return { requests, commands: commands - (byCommand['ZREMRANGEBYSCORE'] ?? 0) }
}

/** HTTP requests / billed commands, without the trim of the log. */
export function inShort(stats: Counted): string {
  const { requests, commands } = withoutTrim(stats)
  return `${requests}/${commands}`
}
