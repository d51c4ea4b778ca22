import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { transform } from 'esbuild'
import { afterAll, expect, test } from 'vitest'
// @ts-expect-error a plain script
import { anchor } from '../../scripts/api/page.js'
import { type LuaScript, LuaScripts } from '../../src/lua/index.ts'

const root = resolve(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
// Inside the project, so that its own name resolves as it does for a user.
const folder = mkdtempSync(join(root, 'dist', '.docs-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => `docs/${name}`),
  'CONTRIBUTING.md',
  'SECURITY.md',
  'examples/cloudflare/README.md',
  'examples/lua/README.md',
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

/** Pages that people write: docs/api repeats the examples of the sources. */
const written = texts.filter((path) => !path.startsWith('docs/api/'))

test('every TypeScript block in the docs and in doc comments compiles against the built package', () => {
  const files = [...written, ...sources.map((path) => join('src', path))]
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

// A bundler loads them where there are no variables: `next build` stops at what throws then.
test('what a block exports to a platform loads without variables', async () => {
  const files = [...written, ...sources.map((path) => join('src', path))]
  const routes = files
    .flatMap(blocksOf)
    .filter((code) => /^export (const|async function) GET|^export default/m.test(code))
  expect(routes.length).toBeGreaterThan(3)
  for (const [i, code] of routes.entries()) {
    const file = join(folder, `route_${i}.mjs`)
    writeFileSync(file, (await transform(code, { loader: 'ts', format: 'esm', target: 'es2022' })).code)
    const { stderr } = spawnSync(process.execPath, [file], { env: {}, encoding: 'utf8', timeout: 15_000 })
    expect({ code, stderr }).toEqual({ code, stderr: '' })
  }
})

const runnable = written
  .flatMap((path) => blocksOf(path))
  .filter((code) => /startDevServer|MemoryTransport/.test(code))

test('there are blocks to run', () => expect(runnable.length).toBeGreaterThan(3))

// They have the deadlines that a reader has, which a busy machine may exceed: then they get another chance.
test.each(runnable.map((code, i) => [i, code] as const))(
  'block %i of those that need nothing but the package prints what it says',
  { retry: 2 },
  async (i, code) => {
    const file = join(folder, `run_${i}.mjs`)
    writeFileSync(file, (await transform(code, { loader: 'ts', format: 'esm', target: 'es2022' })).code)
    const { status, stdout, stderr } = spawnSync(process.execPath, [file], {
      env: { PATH: process.env['PATH'] ?? '' },
      encoding: 'utf8',
      timeout: 15_000,
    })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const said = [...code.matchAll(/^console\.log\(.*\) \/\/ (.*)$/gm)].map((match) => match[1])
    expect(said.length).toBeGreaterThan(0)
    expect(stdout.trimEnd().split('\n')).toEqual(said)
  },
)

test('built-in scripts on a single key cost two to four commands, as the README says', () => {
  const [, least, most] =
    /: (\w+)\s+to (\w+) in all for built-in scripts on a single key/.exec(read('README.md')) ?? []
  expect([least, most]).toEqual(['two', 'four'])
  const rows = [...read('docs/scripts.md').matchAll(/^\| `[A-Z]\w+` \|.*$/gm)].map(([row]) =>
    row.split(' | '),
  )
  expect(rows.length).toBeGreaterThan(10)
  const [many, single] = [true, false].map((isMany) =>
    rows.filter(([, keys = '']) => /…|pattern/.test(keys) === isMany).map((cells) => cells[4] ?? ''),
  )
  // Those on many keys say how the cost grows with their number.
  expect(many?.filter((costs) => !/N|deleted/.test(costs))).toEqual([])
  const counts = single?.flatMap((costs) =>
    [...costs.matchAll(/(?:^|, )(\d+)(?= |$)/g)].map(([, count]) => count),
  )
  expect([...new Set(counts)].toSorted()).toEqual(['2', '3', '4'])
})

test('the table of scripts has them all, with what they take and what they cost', () => {
  const rows = readFileSync(join(root, 'docs/scripts.md'), 'utf8').matchAll(
    /^\| `([A-Z]\w+)` \| (.+?) \| (.*?) \| .+? \| (.+?) \| (yes|no) \|/gm,
  )
  const listed = [...rows].map(([, name = '', keys, args, costs, twice]) => ({
    name,
    keys,
    args,
    costs,
    twice,
  }))
  expect(listed).toEqual(
    Object.values<LuaScript>({ ...LuaScripts })
      // Those of hybrid-cache/atomic and of loads, which expect entries, of limiters and of locks are not for calling by hand.
      .filter(({ name }) => !/Entr(?:y|ies)|Versions|Tags|CheckRateLimits|Fenced/.test(name))
      .map(({ name, keys, args, idempotent }) => {
        const header = readFileSync(join(root, 'src/lua', `${snakeCase(name)}.lua`), 'utf8')
        return {
          name,
          keys: keys.names.map((key) => (keys.max === Infinity ? `${key}…` : key)).join(', '),
          args: args.names.map((arg, i) => nameOf(arg, i < args.min, args.max === Infinity)).join(', '),
          costs: /^-- @commands (.+?)(?: always)?$/m.exec(header)?.[1],
          twice: idempotent ? 'yes' : 'no',
        }
      }),
  )
})

function nameOf(arg: string, required: boolean, many: boolean): string {
  if (!required) return `${arg}?`
  return many && arg.endsWith('s') ? `${arg}…` : arg
}

function snakeCase(name: string): string {
  return name.replace(/(?!^)[A-Z]/g, '_$&').toLowerCase()
}

test('every link from page to page leads somewhere, to a heading that is there', () => {
  const broken = texts.flatMap((path) =>
    [...read(path).matchAll(/\]\((?!https?:)([^)#]*)(#[^)]*)?\)/g)]
      .filter(
        ([, target = '', heading = '']) => !leads(join(path, target === '' ? '.' : `../${target}`), heading),
      )
      .map(([link]) => `${path}: ${link}`),
  )
  expect(broken).toEqual([])
})

test('docs/README.md lists every page', () => {
  const index = read('docs/README.md')
  const listed = written.filter((path) => path.startsWith('docs/') && path !== 'docs/README.md')
  expect(listed.filter((path) => !index.includes(`](${path.slice('docs/'.length)})`))).toEqual([])
})

function leads(path: string, heading: string): boolean {
  if (!existsSync(join(root, path))) return false
  return heading === '' || headingsOf(path).has(heading.slice(1))
}

/** The headings of a page, as links name them. */
function headingsOf(path: string): Set<string> {
  const text = read(path).replace(/^```[\s\S]*?^```/gm, '')
  return new Set([...text.matchAll(/^#+ (.+)$/gm)].map((match) => anchor(match[1] ?? '')))
}
