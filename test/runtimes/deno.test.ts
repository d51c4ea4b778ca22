import { denoProgram } from './support/programs.ts'
import { run } from './support/process.ts'
import { describeRuntime } from './support/suite.ts'

// The source as it is: what JSR gives to users of Deno.
describeRuntime('Deno', async (input) => {
  const args = ['run', '--allow-all', '--no-lock', '--node-modules-dir=manual', 'test/runtimes/cli.ts']
  const env = { SCENARIO: JSON.stringify(input) }
  return JSON.parse(await run({ file: denoProgram(), args, env }, { ms: 120_000 }))
})
