import { expect, test } from 'vitest'
import { bundleForEdge, importsOf } from './support/bundle.ts'
import { describeRuntime } from './support/suite.ts'
import { type Compatibility, startWorkerd } from './support/workerd.ts'

const settings: readonly Compatibility[] = [
  { date: '2026-11-17', flags: ['no_nodejs_compat', 'no_nodejs_compat_v2'] },
  { date: '2026-11-17' }, // with what that date brings by itself: Node's globals
  { date: '2024-01-01' },
]

for (const compatibility of settings) {
  const { date, flags = [] } = compatibility
  let imports: string[] | undefined
  describeRuntime(
    ['workerd', date, ...flags].join(' '),
    async (input, folder) => {
      const bundle = await bundleForEdge(folder, { entry: 'worker', format: 'esm', input })
      imports = importsOf(bundle)
      await using workerd = await startWorkerd(bundle, compatibility)
      return (await fetch(workerd.found)).json()
    },
    (report) => {
      test('the bundle loads nothing', () => expect(imports).toEqual([]))
      test('Node is there only where the date brings it', () => {
        const node = date >= '2026-08-04' && flags.length === 0
        expect(report()).toMatchObject({ globals: { process: node, Buffer: node } })
      })
    },
  )
}
