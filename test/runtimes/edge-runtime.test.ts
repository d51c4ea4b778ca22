import { expect, test } from 'vitest'
import { bundleForEdge, importsOf } from './support/bundle.ts'
import { run } from './support/process.ts'
import { edgeRuntimeHost } from './support/programs.ts'
import { describeRuntime } from './support/suite.ts'

let imports: string[] | undefined

// The VM that Vercel's local tools run edge functions in.
describeRuntime(
  'edge-runtime VM',
  async (input, folder) => {
    const bundle = await bundleForEdge(folder, { entry: 'edge', format: 'iife', input })
    imports = importsOf(bundle)
    const program = { file: process.execPath, args: [edgeRuntimeHost(), bundle] }
    return JSON.parse(await run(program, { ms: 120_000 }))
  },
  (report) => {
    test('the bundle loads nothing', () => expect(imports).toEqual([]))
    test('nothing of Node is there', () => {
      expect(report()).toMatchObject({ globals: { process: false, Buffer: false } })
    })
  },
)
