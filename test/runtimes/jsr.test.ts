import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './support/built.ts'
import { run } from './support/process.ts'
import { denoProgram } from './support/programs.ts'

interface Manifest {
  readonly version: string
  readonly license: string
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>
}

const read = (file: string): Manifest => JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest

test('jsr.json says what package.json says, of the source instead of the build', () => {
  const [npm, jsr] = [read('package.json'), read('jsr.json')]
  const built = Object.entries(npm.exports).filter(([name]) => name !== './package.json')
  const source = built.map(([name, target]) => {
    const path = typeof target === 'string' ? target : target.default
    return [name, path.replace('./dist/', './src/').replace(/\.js$/, '.ts')]
  })
  expect(jsr).toMatchObject({ version: npm.version, license: npm.license })
  expect(jsr.exports).toEqual(Object.fromEntries(source))
})

// Type-checks, refuses "slow types", and resolves every import as JSR will.
test('the package can be published to JSR', async () => {
  const args = ['publish', '--dry-run', '--allow-dirty']
  await run({ file: denoProgram(), args }, { ms: 60_000 })
}, 60_000)
