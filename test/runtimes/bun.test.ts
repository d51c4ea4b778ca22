import { bunProgram } from './support/programs.ts'
import { run } from './support/process.ts'
import { describeRuntime } from './support/suite.ts'

// The source as it is: Bun needs no build.
describeRuntime('Bun', async (input) => {
  const env = { SCENARIO: JSON.stringify(input) }
  const program = { file: bunProgram(), args: ['run', 'test/runtimes/cli.ts'], env }
  return JSON.parse(await run(program, { ms: 120_000 }))
})
