import { bundleForNode } from './support/bundle.ts'
import { run } from './support/process.ts'
import { describeRuntime } from './support/suite.ts'

describeRuntime(`Node ${process.versions.node}`, async (input, folder) => {
  const file = await bundleForNode(folder)
  const env = { SCENARIO: JSON.stringify(input) }
  return JSON.parse(await run({ file: process.execPath, args: [file], env }, { ms: 120_000 }))
})
