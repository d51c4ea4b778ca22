import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

interface Compiled {
  readonly name: string
  readonly source: string
  readonly sha1: { readonly redis: string; readonly upstash: string }
}

interface Compiler {
  compileScript(file: string, text: string, includes: ReadonlyMap<string, string>): Compiled
}

interface IncludeChecks {
  checkIncludes(includes: ReadonlyMap<string, string>): void
}

const scripts = new URL('../../scripts/lua/', import.meta.url)
const { compileScript } = (await import(new URL('compile.js', scripts).href)) as Compiler
const { checkIncludes } = (await import(new URL('include.js', scripts).href)) as IncludeChecks

const GOOD = `-- Writes a value.
-- It does so for a reason.
--
-- KEYS[1] key
-- ARGV[1] value: string
-- returns 0 | 1 - 1 when it wrote
-- @idempotent yes
-- @commands 2 always

-- @include _one

-- why
local value = ARGV[1] -- not what
return redis.call('SET', KEYS[1], value) and one()
`
const ONE = "-- A comment.\nlocal function one()\n  return 1 -- '\nend\n"
const includes = new Map([
  ['_one', ONE],
  ['_two', '-- @include _one\nlocal two = one() + 1\n'],
  ['_three', '-- @include _one\n-- @include _two\nlocal three = one() + two\n'],
  ['_cycle', '-- @include _back\n'],
  ['_back', '-- @include _cycle\n'],
])
const compile = (text: string, file = 'good_one.lua'): Compiled => compileScript(file, text, includes)
const body = (lua: string): string => GOOD.replace(/local value[\s\S]*$/, lua)

describe('what it makes', () => {
  test('code on the lines where it was, comments gone, the include on the line that asks for it', () => {
    expect(compile(GOOD).source.split('\n')).toEqual([
      ...Array.from({ length: 9 }, () => ''),
      'local function one() return 1 end',
      '',
      '',
      'local value = ARGV[1]',
      "return redis.call('SET', KEYS[1], value) and one()",
    ])
    expect(compile(GOOD).name).toBe('GoodOne')
  })

  test('an include of an include comes first, and each comes once', () => {
    const text = GOOD.replace('-- @include _one\n', '-- @include _three\n-- @include _one\n')
    expect(compile(text).source.split('\n').slice(9, 11)).toEqual([
      'local function one() return 1 end local two = one() + 1 local three = one() + two',
      '',
    ])
  })

  test('what looks like a comment inside a string is none', () => {
    const line = String.raw`local value = ARGV[1] .. '--' .. "it's -- \" --" .. '\\' -- gone`
    expect(compile(body(`${line}\nredis.call('SET', KEYS[1], value)\n`)).source).toContain(
      String.raw`local value = ARGV[1] .. '--' .. "it's -- \" --" .. '\\'` + '\n',
    )
  })

  test('a key that is only named inside a string is not used', () => {
    expect(() => compile(body("local value = 'ARGV[1]'\nredis.call('SET', KEYS[1], value)\n"))).toThrow(
      'good_one.lua:5: ARGV[1] is never used',
    )
  })
})

const header = (from: string | RegExp, to: string): string => GOOD.replace(from, to)

describe('what a header may say of keys', () => {
  test('any number of them after named ones, or one at the end that may be missing', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hybrid-cache-lua-'))
    mkdirSync(join(folder, 'includes'))
    writeFileSync(join(folder, 'includes', '_one.lua'), ONE)
    const call = (key: string): string => `redis.call('SET', KEYS[1], ARGV[1], KEYS[${key}])\n`
    const text = (keys: string, key: string): string =>
      GOOD.replace('KEYS[1] key', keys).replace(/local value[\s\S]*$/, call(key))
    writeFileSync(join(folder, 'many.lua'), text('KEYS[1] first\n-- KEYS[2..N] more', '#KEYS'))
    writeFileSync(join(folder, 'maybe.lua'), text('KEYS[1] first\n-- KEYS[2] more?', '2'))
    expect(run(folder)).toMatchObject({ status: 0, stderr: '' })
    const made = readFileSync(join(folder, 'scripts.ts'), 'utf8')
    expect(made).toContain("keys: { min: 2, max: Infinity, names: ['first', 'more'] }")
    expect(made).toContain("keys: { min: 1, max: 2, names: ['first', 'more'] }")
    expect(made).toContain(' * - `KEYS[2..N]` more\n')
    expect(made).toContain(' * - `KEYS[2]` more?\n')
    expect(made).not.toContain('perKey')
    rmSync(folder, { recursive: true, force: true })
  })
})

describe('what it refuses', () => {
  test.each([
    ['no comment', header(/^(--.*\n)+/, ''), 1, 'the first line must begin a comment'],
    ['an empty first line', `\n${GOOD}`, 1, 'the first line must begin a comment'],
    ['a shebang', `#!lua\n${GOOD}`, 1, 'the first line must begin a comment'],
    ['a shebang in the body', body('#!lua\n'), 13, 'a shebang'],
    ['no @idempotent', header('-- @idempotent yes\n', ''), 1, '@idempotent'],
    ['both @idempotent', header('@idempotent yes', '@idempotent yes\n-- @idempotent no'), 1, '@idempotent'],
    ['@idempotent maybe', header('@idempotent yes', '@idempotent maybe'), 7, 'unknown mark'],
    ['an unknown mark', header('@idempotent yes', '@idempotent yes\n-- @retry'), 8, 'unknown mark'],
    ['no returns', header(/-- returns.*\n/, ''), 1, 'returns'],
    ['no reply type', header(/returns.*/, 'returns something'), 6, 'returns'],
    ['no @commands', header(/-- @commands.*\n/, ''), 1, '@commands'],
    ['a cost that is none', header('2 always', 'some always'), 8, 'not a cost'],
    ['text after the marks', header('-- @commands', '-- more\n-- @commands'), 8, 'come last'],
    ['an undocumented key', header('-- KEYS[1] key\n', ''), 13, 'KEYS[1] is not in the header'],
    [
      'an undocumented argument',
      header('-- ARGV[1] value: string\n', ''),
      12,
      'ARGV[1] is not in the header',
    ],
    ['an undocumented table', body("redis.call('SET', KEYS[1], ARGV[#ARGV])\n"), 13, 'ARGV[…] is not'],
    ['an unused key', header('key\n', 'key\n-- KEYS[2] other\n'), 5, 'KEYS[2] is never used'],
    [
      'an unused argument',
      header('string\n', 'string\n-- ARGV[2] more: string\n'),
      6,
      'ARGV[2] is never used',
    ],
    ['a gap', header('KEYS[1] key', 'KEYS[2] key'), 4, 'without a gap'],
    ['a gap before many', header('KEYS[1] key', 'KEYS[1] key\n-- KEYS[3..N] more'), 5, 'without a gap'],
    ['keys after many', header('KEYS[1] key', 'KEYS[1..N] keys\n-- KEYS[2] more'), 5, 'without a gap'],
    ['an argument of no type', header('value: string', 'value'), 5, 'an argument is'],
    ['an argument of an unknown type', header('value: string', 'value: float'), 5, 'an argument is'],
    ['a key with a type', header('KEYS[1] key', 'KEYS[1] key: string'), 4, 'a key has a name'],
    [
      'optional before needed',
      header('value: string', 'value?: string\n-- ARGV[2] more: string'),
      6,
      'optional comes last',
    ],
    ['a long string', body('local value = [[text]]\n'), 13, 'no long strings'],
    ['a long string with =', body('local value = [==[text]==]\n'), 13, 'no long strings'],
    ['a long comment', body('--[[ text\n]]\n'), 13, 'no long strings'],
    ['a string without end', body("local value = 'text\n"), 13, 'a string must end'],
    ['a tab', body('\treturn 1\n'), 13, 'no tabs'],
    ['a write in @readonly', header('@idempotent', '@readonly\n-- @idempotent'), 15, 'SET writes'],
    [
      'a read-only one without @readonly',
      body("return redis.call('GET', KEYS[1]) == ARGV[1]\n"),
      1,
      '@readonly',
    ],
    ['a command unheard of', body("redis.call('KEYS', KEYS[1], ARGV[1])\n"), 13, 'is KEYS a read or a write'],
    ['a computed command', body('redis.call(ARGV[1], KEYS[1])\n'), 13, 'named where it is called'],
    ['redis by another name', body('local call = redis.call\n'), 13, 'of redis only'],
    [
      'a channel among the keys',
      body("redis.pcall('PUBLISH', KEYS[1], ARGV[1])\n"),
      13,
      'must come from ARGV',
    ],
    ['a key that is no key', body("redis.call('SET', ARGV[1], KEYS[1])\n"), 13, 'must come from KEYS'],
    [
      'a key made of pieces',
      body("redis.call('SET', 'p:' .. KEYS[1], ARGV[1])\n"),
      13,
      'must come from KEYS',
    ],
    ['decoding', body("redis.call('SET', KEYS[1], cjson.encode(ARGV[1]))\n"), 13, 'cjson is not for'],
    ['tostring', body("redis.call('SET', KEYS[1], tostring(ARGV[1]))\n"), 13, 'tostring is not for'],
    ['an unknown include', header('@include _one', '@include _none'), 10, 'there is no include _none'],
    [
      'a cycle',
      header('@include _one', '@include _cycle'),
      1,
      'includes form a cycle: _cycle > _back > _cycle',
    ],
    ['81 lines', `${GOOD}${'\n'.repeat(67)}`, 81, 'longer than 80'],
  ])('%s', (_, text, line, what) => {
    expect(() => compile(text)).toThrow(new RegExp(`^\\S+\\.lua:${line}: .*${escape(what)}`))
  })

  test('a file that is not named in snake case', () => {
    expect(() => compile(GOOD, 'GoodOne.lua')).toThrow('in_snake_case')
  })

  test.each([
    ['_bad', 'local function bad() return KEYS[1] end\n', 'uses no KEYS'],
    ['_bad', "local function bad() redis.call('GET') end\n", 'calls no command'],
    ['bad', 'local bad = 1\n', 'named _in_snake_case'],
  ])('an include %s with %j', (name, text, what) => {
    expect(() => checkIncludes(new Map([[name, text]]))).toThrow(what)
  })
})

describe('the command', () => {
  let folder = ''
  const edit = (file: string, from: string, to: string): void => {
    const text = readFileSync(join(folder, file), 'utf8')
    expect(text).toContain(from)
    writeFileSync(join(folder, file), text.replace(from, to))
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hybrid-cache-lua-'))
    cpSync(new URL('../../src/lua', import.meta.url), folder, { recursive: true })
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test('what is committed is what the sources say', () => {
    expect(run('--check')).toMatchObject({ status: 0, stderr: '' })
  })

  test.each([
    ['the code', 'acquire_lock.lua', "return redis.call('PEXPIRE'", "return 1 == redis.call('PEXPIRE'"],
    ['a header', 'acquire_lock.lua', '-- Acquires a lock', '-- Gets a lock'],
    ['an include', 'includes/_whole.lua', '#text > 16', '#text > 15'],
    ['what is generated', 'scripts.ts', 'idempotent: true', 'idempotent: false'],
  ])('--check notices a change of %s, and writing mends it', (_, file, from, to) => {
    edit(file, from, to)
    const before = readFileSync(join(folder, 'scripts.ts'), 'utf8')
    expect(run('--check', folder)).toMatchObject({ status: 1, stderr: expect.stringContaining('stale') })
    expect(readFileSync(join(folder, 'scripts.ts'), 'utf8')).toBe(before)
    expect(run(folder).status).toBe(0)
    expect(run('--check', folder).status).toBe(0)
  })

  test('a comment in the body is no change, the line ends of Windows neither', () => {
    edit('rate_limit_sliding_window.lua', '-- A second longer', '-- A bit longer')
    const generated = join(folder, 'scripts.ts')
    writeFileSync(generated, readFileSync(generated, 'utf8').replaceAll('\n', '\r\n'))
    expect(run('--check', folder)).toMatchObject({ status: 0, stderr: '' })
  })

  test('a fault is told with its file and line, and nothing is written', () => {
    edit('acquire_lock.lua', '-- @idempotent yes\n', '')
    const before = readFileSync(join(folder, 'scripts.ts'), 'utf8')
    expect(run(folder)).toMatchObject({ status: 1, stderr: expect.stringMatching(/^acquire_lock\.lua:1: /) })
    expect(readFileSync(join(folder, 'scripts.ts'), 'utf8')).toBe(before)
  })
})

function run(...args: string[]): { status: number | null; stderr: string } {
  const program = fileURLToPath(new URL('generate.js', scripts))
  return spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' })
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
