import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Row } from '../../scripts/demo/types.d.ts'
import { startDevServer } from '../../src/dev/index.ts'
import { createHybridCache } from '../../src/index.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const copied = [
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'wrangler.toml',
  'src',
  'scripts',
  'examples',
]

// A copy of the project with a build of its own: the one in the project may be old, or be replaced while the demo runs.
let project: string
let temporary: string

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'hybrid-cache-demo-test-'))
  temporary = join(project, 'tmp')
  mkdirSync(temporary)
  for (const name of copied) cpSync(join(root, name), join(project, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'))
  execFileSync(process.execPath, [
    join(root, 'node_modules/typescript/bin/tsc'),
    '-p',
    join(project, 'tsconfig.build.json'),
  ])
})

afterAll(() => rmSync(project, { recursive: true, force: true }))

interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

async function demo(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
  signalAt?: string,
): Promise<Outcome> {
  const child = spawn(process.execPath, [join(project, 'scripts/demo/main.js'), ...words], {
    env: { PATH: process.env['PATH'] ?? '', TMPDIR: temporary, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    if (signalAt !== undefined && stdout.includes(signalAt)) child.kill('SIGINT')
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}

/** Every workerd of the demo has a file below its temporary folder on its command line. */
function left(): string[] {
  const processes =
    process.platform === 'linux' ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : []
  const commands = processes.map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    } catch {
      return '' // it has ended meanwhile
    }
  })
  return [...readdirSync(temporary), ...commands.filter((line) => line.includes(temporary))]
}

test('it shows what each request costs, as it should be, and leaves nothing behind', async () => {
  const picture = join(project, 'demo.svg')
  const { code, stdout, stderr } = await demo(['--json', '--svg', picture])
  expect(stderr).toBe('')
  expect(code).toBe(0)
  const { rows, ok } = JSON.parse(stdout) as { ok: boolean; rows: Row[] }
  expect(ok).toBe(true)
  expect(
    rows.slice(0, 4).map(({ isolate, tier, requests, commands }) => [isolate, tier, requests, commands]),
  ).toEqual([
    ['A', 'origin', 5, 12],
    ['B', 'l2', 1, 3],
    ['B', 'l1', 0, 0],
    ['A', 'l1', 0, 0],
  ])
  const ofScripts = rows.filter(({ request }) => request === 'POST /reserve/42')
  expect(ofScripts.map(({ status, requests, commands }) => [status, requests, commands])).toEqual([
    [201, 2, 4],
    [201, 1, 3],
    [201, 1, 3],
    [409, 1, 2],
  ])
  expect(ofScripts.slice(2).map(({ isolate }) => isolate)).toEqual(expect.arrayContaining(['A', 'B']))
  const [maker, others, ...more] = rows.filter(({ request }) => request.startsWith('20x'))
  expect(maker).toMatchObject({ tier: 'origin', status: 200, requests: 2, commands: 7 })
  expect(others).toMatchObject({ tier: 'l2', status: 200, value: maker?.value })
  expect([maker?.isolate, others?.isolate].toSorted()).toEqual(['A', 'B'])
  expect(others?.requests).toBeLessThanOrEqual(24)
  expect(others?.commands).toBeLessThanOrEqual(3 * (others?.requests ?? 0) + 2)
  expect(more).toEqual([])
  const ofStale = rows.filter(({ act }) => act.startsWith('Stale values'))
  expect(
    ofStale.map(({ isolate, tier, status, requests, commands, news }) => [
      isolate,
      tier ?? status,
      requests,
      commands - Number(news),
    ]),
  ).toEqual([
    ['A', 'origin', 2, 7],
    ['B', 'l2', 1, 2],
    ['A', 'stale', 2, 7],
    ['B', 'stale', 1, 2],
    ['B', 'l1', 0, 0],
    ['B', 'stale', 3, 7],
    ['B', 'stale', 0, 0],
    ['B', 502, 2, 6],
  ])
  const values = ofStale.map(({ value }) => value)
  const [old, , , , fresh] = values
  expect(values).toEqual([old, old, old, old, fresh, fresh, fresh, null])
  expect(fresh).not.toBe(old)
  const [loaded, removed, anew, other] = rows.filter(({ act }) => act.startsWith('The race'))
  expect([loaded, removed, anew, other].map((row) => [row?.isolate, row?.tier ?? row?.status])).toEqual([
    ['A', 'origin'],
    ['B', 204],
    ['A', 'origin'],
    ['B', 'l2'],
  ])
  expect(anew?.value).not.toBe(loaded?.value)
  expect(other?.value).toBe(anew?.value)
  const ofTags = rows.filter(({ act }) => act.startsWith('Tags'))
  expect(ofTags.map(({ isolate, tier, status }) => `${isolate} ${tier ?? status}`)).toEqual([
    'A origin',
    'A origin',
    'A origin',
    'B l2',
    'A 204',
    'A origin',
    'A origin',
    'A l1',
    'B l2',
    'B l2',
  ])
  expect(ofTags.at(-1)?.value).toBe(ofTags[5]?.value)
  const ofRemoval = rows.filter(({ act }) => act.startsWith('Removal'))
  expect(ofRemoval.map(({ isolate, tier, status }) => `${isolate} ${tier ?? status}`)).toEqual([
    'A origin',
    'B l2',
    'A 204',
    'A origin',
    'B l1',
    'B origin',
    'B l2',
  ])
  expect(ofRemoval.at(-1)?.value).toBe(ofRemoval[3]?.value)
  expect(rows.filter(({ news }) => news).length).toBeGreaterThan(4)
  expect(rows.every(({ note, wrong }) => note.length <= 38 && wrong.length === 0)).toBe(true)
  expect(rows.map(({ status }) => status)).toContain(503)
  expect(readFileSync(picture, 'utf8')).toMatch(/^<svg [^]*L1 memory[^]*<\/svg>\n$/)
  expect(left()).toEqual([])
}, 60_000)

test('a row that is not as expected ends it with what was expected, and exit code 1', async () => {
  const act = join(project, 'scripts/demo/acts/tiers.js')
  const source = readFileSync(act, 'utf8')
  writeFileSync(act, source.replace('commands: 3', 'commands: 2'))
  const { code, stdout } = await demo([]).finally(() => writeFileSync(act, source))
  expect(code).toBe(1)
  expect(stdout).toContain('GET /products/42 to isolate B: commands: expected 2, got 3')
  expect(stdout).not.toContain('\u001B')
  expect(left()).toEqual([])
}, 60_000)

const reservation = 'examples/cloudflare/src/reserve.ts'

test.each([
  ['if left <= 0', 'if left < 0', 'status: expected 409, got 201'],
  [
    'return left - 1`',
    "redis.call('PING')\nreturn left - 1`",
    'POST /reserve/42 to isolate A: commands: expected 4, got 5',
  ],
])(
  'a script that does otherwise than the act says is noticed: %s',
  async (right, wrong, said) => {
    const file = join(project, reservation)
    const source = readFileSync(file, 'utf8')
    expect(source).toContain(right)
    writeFileSync(file, source.replace(right, wrong))
    const { code, stdout } = await demo([]).finally(() => writeFileSync(file, source))
    expect(code).toBe(1)
    expect(stdout).toContain(said)
    expect(left()).toEqual([])
  },
  60_000,
)

const worker = 'examples/cloudflare/src/index.ts'

test.each([
  [
    "staleIfError: '1m', stampede: 'global'",
    "staleIfError: '1m'",
    'HTTP requests to Redis: expected 4, got 2',
  ],
  ['context.tags =', 'void', 'GET /products/51 to isolate A: answered by: expected origin, got l1'],
  ["interval: '2s'", "interval: '1m'", 'GET /stock/42 to isolate A: commands: expected 2, got 1'],
  [", swr: '3s'", '', 'GET /trends/3 to isolate A: answered by: expected stale, got origin'],
  [", staleIfError: '1m'", '', 'GET /trends/3?down to isolate B: status: expected 200, got 502'],
])(
  'a Worker that loads otherwise than the act says is noticed: %s',
  async (right, wrong, said) => {
    const file = join(project, worker)
    const source = readFileSync(file, 'utf8')
    expect(source).toContain(right)
    writeFileSync(file, source.replace(right, wrong))
    const { code, stdout } = await demo([]).finally(() => writeFileSync(file, source))
    expect(code).toBe(1)
    expect(stdout).toContain(said)
    expect(left()).toEqual([])
  },
  60_000,
)

test('an origin that is called by both isolates is noticed', async () => {
  const act = join(project, 'scripts/demo/acts/index.js')
  const file = join(project, worker)
  const [source, acts] = [readFileSync(file, 'utf8'), readFileSync(act, 'utf8')]
  writeFileSync(file, source.replace(", stampede: 'global'", ''))
  writeFileSync(
    act,
    acts.replace(
      /\[tiers.*\]/,
      '[{ ...stampede, play: (play) => stampede.play({ ...play, ask: async () => /** @type {any} */ (undefined) }) }]',
    ),
  )
  const { code, stdout } = await demo([]).finally(() => {
    writeFileSync(file, source)
    writeFileSync(act, acts)
  })
  expect(code).toBe(1)
  expect(stdout).toContain('calls of the origin: expected 1, got 2; value: expected the same for all')
  expect(left()).toEqual([])
}, 60_000)

test('a database of your own that knows the scripts already', async () => {
  await using server = await startDevServer({ port: 0, engine: 'embedded' })
  const [, lua = ''] = /const lua = `([^`]+)`/.exec(readFileSync(join(project, reservation), 'utf8')) ?? []
  const cache = createHybridCache({ redis: server })
  await cache.scripts.execute(lua, { keys: ['other'], args: [1, 60] })
  for (const key of ['gives versions', 'other'])
    await cache.getOrCreate(key, () => 1, { stampede: 'global', ttl: '1m' })
  const { code, stdout, stderr } = await demo(['--json'], server.env)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const { rows } = JSON.parse(stdout) as { rows: Row[] }
  const costs = rows.filter(({ request }) => request === 'POST /reserve/42').map(({ requests }) => requests)
  expect(costs).toEqual([1, 1, 1, 1])
  expect(rows.find(({ request }) => request === 'GET /trends/1')).toMatchObject({ requests: 2 })
  expect(left()).toEqual([])
}, 60_000)

test('a database of your own is left as it was, after Ctrl-C, too', async () => {
  await using server = await startDevServer({ port: 0, engine: 'embedded' })
  const { code, stdout, stderr } = await demo([], server.env, 'within localTtl')
  expect({ code, stderr }).toEqual({ code: 130, stderr: '' })
  expect(stdout).toContain('your database')
  expect(server.stats().byCommand).toMatchObject({ SET: 4, SCAN: 1, DEL: 1 })
  const keys = await fetch(`${server.url}/dbsize`, { headers: { authorization: `Bearer ${server.token}` } })
  expect(await keys.json()).toEqual({ result: 0 })
  expect(left()).toEqual([])
}, 60_000)

test('half a pair of settings is an error', async () => {
  const { code, stderr } = await demo([], { UPSTASH_REDIS_REST_TOKEN: 'correct-horse' })
  expect(code).toBe(1)
  expect(stderr).toContain('set both UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN')
  expect(stderr).not.toContain('correct-horse')
  expect(left()).toEqual([])
}, 60_000)
