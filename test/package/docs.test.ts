import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, expect, test } from 'vitest'
// @ts-expect-error a plain script
import { measureSizes } from '../../scripts/size.js'

const root = resolve(import.meta.dirname, '../..')
// Inside the project, so that its own name resolves as it does for a user.
const folder = mkdtempSync(join(root, 'dist', '.docs-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
  'CONTRIBUTING.md',
  'SECURITY.md',
]
const texts = pages.filter((path) => path.endsWith('.md'))
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('.ts'),
)

/** The TypeScript blocks of a page, or of the doc comments of a source file. */
function blocksOf(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8').replace(/^ *\* ?/gm, '')
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match) => match[1] ?? '')
}

test('every TypeScript block in the docs and in doc comments compiles against the built package', () => {
  const files = [...texts, ...sources.map((path) => join('src', path))]
  const blocks = files.flatMap((path) => blocksOf(path).map((code, i) => [path, i, code] as const))
  expect(blocks.length).toBeGreaterThan(15)
  for (const [path, i, code] of blocks)
    writeFileSync(join(folder, `${path.replace(/\W/g, '_')}_${i}.ts`), `${code}\nexport {}\n`)
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        isolatedDeclarations: false,
        declaration: false,
        noUnusedLocals: false,
        noUnusedParameters: false,
      },
      include: ['*.ts'],
      exclude: [],
    }),
  )
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' })
  expect(stdout).toBe('')
})

test('every link from page to page leads somewhere', () => {
  const broken = texts.flatMap((path) =>
    [...readFileSync(join(root, path), 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
      .map((match) => match[1] ?? '')
      .filter((target) => {
        try {
          readFileSync(join(root, path, '..', target))
          return false
        } catch (error) {
          return (error as NodeJS.ErrnoException).code !== 'EISDIR'
        }
      })
      .map((target) => `${path}: ${target}`),
  )
  expect(broken).toEqual([])
})

test('the size in the README is the size', async () => {
  const { core, everything } = (await measureSizes()) as { core: number; everything: number }
  const kilobytes = (bytes: number): string => (bytes / 1024).toFixed(1)
  expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain(
    `core ${kilobytes(core)} KB minified and gzipped, ${kilobytes(everything)} KB with its three dependencies`,
  )
  expect(core).toBeLessThanOrEqual(14.5 * 1024)
  expect(everything).toBeLessThanOrEqual(40 * 1024)
})
