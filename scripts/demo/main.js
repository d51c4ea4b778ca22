// @ts-check
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { acts } from './acts/index.js'
import { readArguments, usage } from './arguments.js'
import { Cleanup } from './cleanup.js'
import { Run, Unexpected } from './run.js'
import { drawing } from './show/svg.js'
import { footer, header, line } from './show/table.js'
import { styles } from './show/styles.js'
import { setStage } from './stage/index.js'

/** @import { Arguments, Report, Stage } from './types.d.ts' */

const signals = /** @type {const} */ ({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })
const cleanup = new Cleanup()
let interrupted = false
for (const [signal, code] of Object.entries(signals)) process.on(signal, () => endEarly(code))
process.stdout.on('error', () => endEarly(1)) // its reader has gone, such as `| head`

process.exitCode = await main(process.argv.slice(2)).catch((error) => {
  // What fails because it is being cleaned away needs no mention.
  if (!interrupted) process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  return 1
})

/** @param {number} code */
function endEarly(code) {
  interrupted = true
  void cleanup.run().finally(() => process.exit(code))
}

/** @param {string[]} words */
async function main(words) {
  const options = readArguments(words)
  if (options.help) {
    process.stdout.write(usage)
    return 0
  }
  try {
    const report = await perform(options, await setStage(process.env, cleanup))
    if (options.svg !== undefined && report.ok) await save(options.svg, drawing(report))
    return report.ok ? 0 : 1
  } finally {
    await cleanup.run()
  }
}

/**
 * Plays all acts, and prints them as they go.
 *
 * @param {Arguments} options
 * @param {Stage} stage
 * @returns {Promise<Report>}
 */
async function perform({ json }, stage) {
  const style = styles(process.stdout, process.env)
  const print = (/** @type {string} */ text) => void (json || process.stdout.write(`${text}\n`))
  const started = performance.now()
  const title = `hybrid-cache: one Worker in two isolates (${stage.runtime})\nOne Redis: ${stage.shared.description}`
  print(header(title, style))
  const run = new Run(stage, (happening) => print(line(happening, style)))
  const failure = await run.play(acts).then(
    () => undefined,
    (error) => {
      if (error instanceof Unexpected) return error.message
      throw error
    },
  )
  const report = {
    ok: failure === undefined,
    title,
    caption: stage.meter.caption,
    seconds: Math.round((performance.now() - started) / 100) / 10,
    happenings: run.happenings,
    ...(failure !== undefined && { failure }),
  }
  print(footer(report, style))
  if (json) process.stdout.write(`${JSON.stringify(asJson(report), undefined, 2)}\n`)
  return report
}

/** @param {Report} report */
function asJson({ happenings, ...rest }) {
  return {
    ...rest,
    rows: happenings.flatMap((happening) => (happening.kind === 'row' ? [happening.row] : [])),
  }
}

/**
 * @param {string} file
 * @param {string} content
 */
async function save(file, content) {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, content)
}
