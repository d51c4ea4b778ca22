import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'
// @ts-expect-error a plain script
import { planted } from '../../scripts/traps/list.js'
// @ts-expect-error the same
import { pushed } from '../../scripts/traps/push.js'

const root = resolve(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const sources = list('src').filter((path) => path.endsWith('.ts'))
const shipped = sources.filter((path) => !path.startsWith('src/dev/'))

function list(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .flatMap((entry) => (entry.isDirectory() ? list(join(folder, entry.name)) : [join(folder, entry.name)]))
}

/** A file without its comments. */
function codeOf(path: string): string {
  return read(path)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*/gm, '')
}

/** What a file imports, types included. */
function importsOf(path: string): string[] {
  return [...codeOf(path).matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '')
}

test('package.json and jsr.json offer the same subpaths, each with its source and its build', () => {
  const { exports } = JSON.parse(read('package.json')) as { exports: Record<string, { default: string }> }
  const jsr = JSON.parse(read('jsr.json')) as { version: string; exports: Record<string, string> }
  const subpaths = Object.keys(exports).filter((subpath) => subpath !== './package.json')
  expect(Object.keys(jsr.exports).toSorted()).toEqual(subpaths.toSorted())
  for (const subpath of subpaths) {
    const built = exports[subpath]?.default ?? ''
    expect(jsr.exports[subpath]).toBe(built.replace('./dist/', './src/').replace(/\.js$/, '.ts'))
    expect(statSync(join(root, built)).isFile()).toBe(true)
  }
})

test('package.json and jsr.json have the same version; changelog and README know it, and whether it is released', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string }
  expect((JSON.parse(read('jsr.json')) as { version: string }).version).toBe(version)
  const [changelog, readme] = [read('CHANGELOG.md'), read('README.md')]
  expect(changelog).toContain(`## ${version}`)
  expect(readme).toContain(`Version ${version}`)
  expect(readme.includes('not released yet')).toBe(changelog.includes(`## ${version} (not released)`))
})

test('tests take fast-check from fc.ts, for only that gives a property the seed to replay', () => {
  const taking = list('test').filter((path) => path.endsWith('.ts') && importsOf(path).includes('fast-check'))
  expect(taking).toEqual(['test/support/fc.ts'])
})

test('at run time there are three dependencies and no others', () => {
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }
  expect(Object.keys(dependencies)).toEqual(['@upstash/redis', 'superjson', 'tiny-lru'])
})

test('nothing outside dev/ imports Node, dev/, or a package that is not a dependency', () => {
  const allowed = new Set(['@upstash/redis', '@upstash/redis/cloudflare', 'superjson', 'tiny-lru'])
  const strange = shipped.flatMap((path) =>
    importsOf(path)
      .filter((name) => (name.startsWith('.') ? name.includes('/dev/') : !allowed.has(name)))
      .map((name) => `${path}: ${name}`),
  )
  expect(strange).toEqual([])
})

test('only runtime.ts knows platforms and time', () => {
  const sniffing =
    /\bglobalThis\b|\bnavigator\b|\bprocess\.|\bDate\.now\b|\bperformance\.|\bsetTimeout\(|\bnew Date\(\)/
  // A clock that is called, or that is made: methods of that name.
  const code = (path: string): string => codeOf(path).replace(/clock\.\w+\(|^ {2}\w+\(.*\{$/gm, '')
  expect(shipped.filter((path) => path !== 'src/runtime.ts' && sniffing.test(code(path)))).toEqual([])
})

test('a folder is entered through its index.ts, unless that is a door for users', () => {
  const { exports } = JSON.parse(read('jsr.json')) as { exports: Record<string, string> }
  const forUsers = new Set(Object.values(exports).map((path) => dirname(path.replace('./', ''))))
  const houses = sources
    .filter((path) => path !== 'src/index.ts' && path.endsWith('/index.ts'))
    .map((path) => dirname(path))
    .filter((folder) => !forUsers.has(folder))
  expect(houses).toEqual(
    expect.arrayContaining(['src/entry', 'src/read', 'src/write', 'src/load', 'src/redis']),
  )
  const through = (path: string): string[] =>
    importsOf(path)
      .filter((name) => name.startsWith('.'))
      .map((name) => relative(root, join(root, dirname(path), name)))
      .filter((target) => !target.endsWith('/index.ts'))
      .filter((target) => houses.includes(dirname(target)) && !path.startsWith(`${dirname(target)}/`))
      .map((target) => `${path}: ${target}`)
  expect(sources.flatMap(through)).toEqual([])
})

test('imports form no cycle', () => {
  const finished = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) throw new Error(`a cycle: ${[...trail, path].join(' > ')}`)
    if (finished.has(path)) return
    for (const name of valueImportsOf(path))
      visit(relative(root, join(root, dirname(path), name)), [...trail, path])
    finished.add(path)
  }
  for (const path of sources) visit(path, [])
})

/** Imports that remain when types are gone. */
function valueImportsOf(path: string): string[] {
  return [...read(path).matchAll(/^(?:import|export) (?!type )[^;]*?from '(\.[^']+)'/gms)].map(
    (match) => match[1] ?? '',
  )
}

test('no source file is longer than 300 lines', () => {
  const written = sources.filter((path) => path !== 'src/lua/scripts.ts')
  expect(written.filter((path) => read(path).split('\n').length > 300)).toEqual([])
})

test('lock files name no host', () => {
  const locks = [
    'package-lock.json',
    ...list('test/runtimes').filter((path) => path.endsWith('package-lock.json')),
    'examples/vercel/package-lock.json',
  ]
  for (const lock of locks) expect(read(lock)).not.toMatch(/"resolved": "https?:/)
})

test('docs/rules.md has every rule that a test or a script names, each once', () => {
  const listed = [...read('docs/rules.md').matchAll(/^\| ([RSV]\d+) \|/gm)].map(([, rule = '']) => rule)
  expect(listed).toEqual([...new Set(listed)])
  const named = [...list('test'), ...list('scripts')]
    .filter((path) => /\.[jt]s$/.test(path))
    .flatMap((path) => [...read(path).matchAll(/\b[RSV]\d{1,2}\b/g)].map(([rule]) => rule))
  expect(named.length).toBeGreaterThan(100)
  expect([...new Set(named)].filter((rule) => !listed.includes(rule))).toEqual([])
})

test('every bug that can be planted has its place in the code, once', () => {
  const bugs = [...planted, ...pushed] as readonly {
    trap: string
    edits: readonly (readonly [string, string, string])[]
  }[]
  const lost = bugs.flatMap(({ trap, edits }) =>
    edits.flatMap(([path, from]) => (read(path).split(from).length === 2 ? [] : [`${trap}: ${from}`])),
  )
  expect(lost).toEqual([])
})

test('the lock file of the example knows what the package depends on', () => {
  const { packages } = JSON.parse(read('examples/vercel/package-lock.json')) as {
    packages: Record<string, { dependencies?: object; version?: string }>
  }
  const { dependencies, version } = JSON.parse(read('package.json')) as {
    dependencies: object
    version: string
  }
  expect(packages['node_modules/hybrid-cache']).toMatchObject({ dependencies, version })
})

test('the deploy buttons copy one repository, and ask for what the examples read', () => {
  const target = (path: string): URL =>
    new URL(/\]\((https:[^)]+)\)\]\((https:[^)]+)\)/.exec(read(path))?.[2] ?? '')
  const vercel = target('examples/vercel/README.md').searchParams
  const cloudflare = target('examples/cloudflare/README.md').searchParams
  expect(vercel.get('repository-url')).toMatch(/^https:\/\/github\.com\/[\w-]+\/hybrid-cache$/)
  expect(cloudflare.get('url')).toBe(vercel.get('repository-url'))
  expect(vercel.get('root-directory')).toBe('examples/vercel')
  const variables = ['UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN']
  expect(vercel.get('env')?.split(',')).toEqual(variables)
  expect([...read('.dev.vars.example').matchAll(/^(\w+)=/gm)].map(([, name]) => name)).toEqual(variables)
})
