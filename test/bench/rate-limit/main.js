// @ts-check
// Limiters of this package and of @upstash/ratelimit on one server in one run; writes the table in the README.
import { readFileSync, writeFileSync } from 'node:fs'
import { startServer } from '../server.js'
import { costsOf } from './cost.js'
import { compare } from './pairs.js'
import { rowsFor } from './subjects.js'
import { worstWindow } from './worst-window.js'

const engine = process.argv.includes('--embedded') ? 'embedded' : 'redis-server'
const server = await startServer('--engine', engine)
const lines = [
  '| policy | latency of a check, 10 % to 90 % | requests / commands: passes, denied, denied again | | passed in the worst window | |',
  '|--|--|--|--|--|--|',
  '| | `hybrid-cache`, as a multiple of `@upstash/ratelimit` | `hybrid-cache` | `@upstash/ratelimit` | `hybrid-cache` | `@upstash/ratelimit` |',
]
try {
  for (const { name, peer, ours, theirs } of rowsFor(server)) {
    const [mine, other] = [ours(1_000_000_000, 60_000)(), theirs(1_000_000_000, 60_000)()]
    const { ratio, low, high } = await compare(
      () => mine.limit('everybody'),
      () => other.limit('everybody'),
    )
    const latency = `${ratio.toFixed(2)}x (${low.toFixed(2)} to ${high.toFixed(2)})`
    const costs = [await costsOf(server, ours), await costsOf(server, theirs)]
    const worst = [await worstWindow(ours), await worstWindow(theirs)]
    const versus = name === `\`${peer}\`` ? name : `${name}, beside \`${peer}\``
    lines.push(`| ${versus} | ${latency} | ${costs.join(' | ')} | ${worst.join(' | ')} |`)
  }
} finally {
  await server.close()
}
console.log(lines.join('\n'))

if (engine === 'redis-server') {
  const readme = new URL('../../../README.md', import.meta.url)
  const marked = /(<!-- bench:ratelimit -->\n)[\s\S]*?(<!-- \/bench:ratelimit -->)/
  const text = readFileSync(readme, 'utf8')
  if (!marked.test(text)) throw new Error('the README has lost the marks between which the table belongs')
  writeFileSync(
    readme,
    text.replace(marked, (_, start, end) => `${start}${lines.join('\n')}\n${end}`),
  )
}
