import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Row } from '../../scripts/demo/types.d.ts'
import { startDevServer } from '../../src/dev/index.ts'
import { createHybridCache } from '../../src/index.ts'
import { root } from '../runtimes/support/built.ts'

const copied = ['package.json', 'tsconfig.json', 'wrangler.toml', 'scripts/demo', 'examples/cloudflare']
const linked = ['dist', 'node_modules']

interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * A copy of the project for one test: what that changes in it, or the demo leaves behind, is no other test's. Nothing here waits
 * for the file system while a server of another test has to answer.
 */
class Project implements AsyncDisposable {
  readonly path: string
  readonly #temporary: string

  private constructor(path: string) {
    this.path = path
    this.#temporary = join(path, 'tmp')
  }

  static async create(): Promise<Project> {
    const project = new Project(await mkdtemp(join(tmpdir(), 'hybrid-cache-demo-test-')))
    const { path } = project
    await mkdir(project.#temporary)
    for (const name of copied) await cp(join(root, name), join(path, name), { recursive: true })
    for (const name of linked) await symlink(join(root, name), join(path, name))
    await project.#makePatient()
    return project
  }

  /**
   * A busy machine must neither make a deadline of a slow answer, nor end the load in which a value is removed, nor take longer for a
   * few rows than a value is fresh.
   */
  async #makePatient(): Promise<void> {
    await this.change(worker, 'coherence: {', "l2: { timeout: '10s', softTimeout: '10s' },\n    coherence: {")
    await this.change(origin, 'slowQuery(signal, 400)', "slowQuery(signal, id.endsWith('9') ? 2000 : 400)")
    await this.change(
      worker,
      "ttl: '2s', localTtl: '10s', swr: '3s'",
      "ttl: '5s', localTtl: '25s', swr: '5s'",
    )
    await this.change(`${acts}/stale.js`, 'pass(2100,', 'pass(5100,')
    await this.change(`${acts}/stale.js`, 'pass(5000,', 'pass(10_000,')
  }

  read(file: string): Promise<string> {
    return readFile(join(this.path, file), 'utf8')
  }

  async change(file: string, right: string | RegExp, wrong: string): Promise<void> {
    const source = await this.read(file)
    expect(source).toMatch(right)
    await writeFile(join(this.path, file), source.replace(right, wrong))
  }

  async demo(
    words: readonly string[],
    env: Readonly<Record<string, string>> = {},
    signalAt?: string,
  ): Promise<Outcome> {
    const child = spawn(process.execPath, [join(this.path, 'scripts/demo/main.js'), ...words], {
      env: { PATH: process.env['PATH'] ?? '', TMPDIR: this.#temporary, ...env },
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

  /** What the demo has left behind. Every workerd of it has a file below its temporary folder on its command line. */
  async left(): Promise<string[]> {
    const processes =
      process.platform === 'linux' ? (await readdir('/proc')).filter((name) => /^\d+$/.test(name)) : []
    const gone = (): string => '' // it has ended meanwhile
    const commands = await Promise.all(
      processes.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(gone)),
    )
    return [...(await readdir(this.#temporary)), ...commands.filter((line) => line.includes(this.#temporary))]
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.path, { recursive: true, force: true })
  }
}

const acts = 'scripts/demo/acts'
const reservation = 'examples/cloudflare/src/reserve.ts'
const worker = 'examples/cloudflare/src/index.ts'
const origin = 'examples/cloudflare/src/origin.ts'

// At the same time, since the demo mostly waits for what it shows to come to its end.
describe.concurrent('the demo', { timeout: 180_000 }, () => {
  test('it shows what each request costs, as it should be, and leaves nothing behind', async () => {
    await using project = await Project.create()
    const picture = join(project.path, 'demo.svg')
    const { code, stdout, stderr } = await project.demo(['--json', '--svg', picture])
    expect(stderr).toBe('')
    const { rows, ok, failure } = JSON.parse(stdout) as { ok: boolean; rows: Row[]; failure?: string }
    expect(failure).toBeUndefined()
    expect({ code, ok }).toEqual({ code: 0, ok: true })
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
    expect(await readFile(picture, 'utf8')).toMatch(/^<svg [^]*L1 memory[^]*<\/svg>\n$/)
    expect(await project.left()).toEqual([])
  })

  test.each([
    [
      `${acts}/tiers.js`,
      'commands: 3',
      'commands: 2',
      'GET /products/42 to isolate B: commands: expected 2, got 3',
    ],
    [reservation, 'if left <= 0', 'if left < 0', 'status: expected 409, got 201'],
    [
      reservation,
      'return left - 1`',
      "redis.call('PING')\nreturn left - 1`",
      'POST /reserve/42 to isolate A: commands: expected 4, got 5',
    ],
    [
      worker,
      "staleIfError: '1m', stampede: 'global'",
      "staleIfError: '1m'",
      'HTTP requests to Redis: expected 4, got 2',
    ],
    [worker, 'context.tags =', 'void', 'GET /products/51 to isolate A: answered by: expected origin, got l1'],
    [worker, "interval: '2s'", "interval: '1m'", 'GET /stock/42 to isolate A: commands: expected 2, got 1'],
    [worker, ", swr: '5s'", '', 'GET /trends/3 to isolate A: answered by: expected stale, got origin'],
    [worker, ", staleIfError: '1m'", '', 'GET /trends/3?down to isolate B: status: expected 200, got 502'],
  ])(
    'what is otherwise than an act says ends it with what was expected, and exit code 1: %s: %s',
    async (file, right, wrong, said) => {
      await using project = await Project.create()
      await project.change(file, right, wrong)
      const { code, stdout } = await project.demo([])
      expect(code).toBe(1)
      expect(stdout).toContain(said)
      expect(stdout).not.toContain('\u001B')
      expect(await project.left()).toEqual([])
    },
  )

  test('an origin that is called by both isolates is noticed', async () => {
    await using project = await Project.create()
    await project.change(worker, ", stampede: 'global'", '')
    await project.change(
      `${acts}/index.js`,
      /\[tiers.*\]/,
      '[{ ...stampede, play: (play) => stampede.play({ ...play, ask: async () => /** @type {any} */ (undefined) }) }]',
    )
    const { code, stdout } = await project.demo([])
    expect(code).toBe(1)
    expect(stdout).toContain('calls of the origin: expected 1, got 2; value: expected the same for all')
    expect(await project.left()).toEqual([])
  })

  test.each([
    ["id === '9' ? 0 : id.endsWith('9')", 0, 'GET /products/19'],
    ["id.endsWith('9') ? 0 : id.endsWith('9')", 1, undefined],
  ])(
    'where the load has ended before the value is removed, the scene is played with another value: %s',
    async (isEarly, exitCode, request) => {
      await using project = await Project.create()
      await project.change(origin, "id.endsWith('9')", isEarly)
      await project.change(`${acts}/index.js`, /\[tiers.*\]/, '[tiers, removal, race]')
      const { code, stdout } = await project.demo(['--json'])
      const { rows, failure } = JSON.parse(stdout) as { rows: Row[]; failure?: string }
      const ofRace = rows.filter(({ act }) => act.startsWith('The race'))
      expect(ofRace.map((row) => row.request)).toEqual(
        request === undefined ? [] : [request, request.replace('GET', 'DELETE'), request, request],
      )
      expect(failure?.includes('B was late each time') ?? false).toBe(request === undefined)
      expect(code).toBe(exitCode)
      expect(await project.left()).toEqual([])
    },
  )

  test('a database of your own that knows the scripts already', async () => {
    await using project = await Project.create()
    await using server = await startDevServer({ port: 0, engine: 'embedded' })
    const [, lua = ''] = /const lua = `([^`]+)`/.exec(await project.read(reservation)) ?? []
    const cache = createHybridCache({ redis: server, l2: { timeout: '15s' } }) // for a busy machine
    await cache.scripts.execute(lua, { keys: ['other'], args: [1, 60] })
    for (const key of ['gives versions', 'other'])
      await cache.getOrCreate(key, () => 1, { stampede: 'global', ttl: '1m' })
    const { code, stdout, stderr } = await project.demo(['--json'], server.env)
    expect(stderr).toBe('')
    const { rows, failure } = JSON.parse(stdout) as { rows: Row[]; failure?: string }
    expect(failure).toBeUndefined()
    expect(code).toBe(0)
    const costs = rows.filter(({ request }) => request === 'POST /reserve/42').map(({ requests }) => requests)
    expect(costs).toEqual([1, 1, 1, 1])
    expect(rows.find(({ request }) => request === 'GET /trends/1')).toMatchObject({ requests: 2 })
    expect(await project.left()).toEqual([])
  })

  test('a database that short requests reach later than longer ones', async () => {
    await using project = await Project.create()
    await using server = await startDevServer({ port: 0, engine: 'embedded' })
    const arrival = 'createServer((incoming, outgoing) => {'
    const isShort = "incoming.headers['content-length'] < 150"
    await project.change(
      'scripts/demo/stage/proxy.js',
      arrival,
      `${arrival.replace('(', '(async ')}\nif (${isShort}) await new Promise((resolve) => setTimeout(resolve, 300))`,
    )
    await project.change(`${acts}/index.js`, /\[tiers.*\]/, '[tiers, removal, race]')
    const { code, stdout } = await project.demo(['--json'], server.env)
    const { rows, failure } = JSON.parse(stdout) as { rows: Row[]; failure?: string }
    expect(failure).toBeUndefined()
    const ofRace = rows.filter(({ act }) => act.startsWith('The race'))
    expect(ofRace.map(({ tier, status }) => tier ?? status)).toEqual(['origin', 204, 'origin', 'l2'])
    expect(code).toBe(0)
    expect(await project.left()).toEqual([])
  })

  test('a database of your own is left as it was, after Ctrl-C, too', async () => {
    await using project = await Project.create()
    await using server = await startDevServer({ port: 0, engine: 'embedded' })
    const { code, stdout, stderr } = await project.demo([], server.env, 'within localTtl')
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' })
    expect(stdout).toContain('your database')
    expect(server.stats().byCommand).toMatchObject({ SET: 4, SCAN: 1, DEL: 1 })
    const keys = await fetch(`${server.url}/dbsize`, { headers: { authorization: `Bearer ${server.token}` } })
    expect(await keys.json()).toEqual({ result: 0 })
    expect(await project.left()).toEqual([])
  })

  test('half a pair of settings is an error', async () => {
    await using project = await Project.create()
    const { code, stderr } = await project.demo([], { UPSTASH_REDIS_REST_TOKEN: 'correct-horse' })
    expect(code).toBe(1)
    expect(stderr).toContain('set both UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN')
    expect(stderr).not.toContain('correct-horse')
    expect(await project.left()).toEqual([])
  })
})
