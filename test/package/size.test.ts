import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
// @ts-expect-error a plain script
import * as size from '../../scripts/size.js'

interface Bundle {
  readonly modules: readonly string[]
  readonly code: string
}

const { bundleCore, bundleWith, measureSizes, overBudget, subpaths } = size as {
  bundleCore(): Promise<Bundle>
  bundleWith(subpath: string): Promise<Bundle>
  measureSizes(): Promise<Record<string, number>>
  overBudget(sizes: Readonly<Record<string, number>>): string[]
  subpaths(): string[]
}

/** Where the modules may come from that a subpath adds to the core, and which scripts it may bring. */
const additions: Record<string, { readonly modules: RegExp; readonly scripts: RegExp }> = {
  atomic: { modules: /^(atomic\/|parts$)/, scripts: /Entry|Entries|^AppendToLimitedList$|^Increment/ },
  admin: { modules: /^(admin\/|parts$|redis\/scan$)/, scripts: /^$/ },
  lua: { modules: /^lua\//, scripts: /./ },
  redis: { modules: /^platform\/redis\//, scripts: /^$/ },
  'rate-limit': { modules: /^(rate-limit\/|http\/headers$|parts$)/, scripts: /^CheckRateLimits$/ },
  lock: { modules: /^(lock\/|parts$)/, scripts: /Lock$/ },
  push: { modules: /^(push|redis)\//, scripts: /^$/ },
  vercel: { modules: /^platform\/vercel$/, scripts: /^$/ },
  cloudflare: { modules: /^platform\/cloudflare$/, scripts: /^$/ },
  hono: { modules: /^(platform\/hono|http|rate-limit)\/|^parts$/, scripts: /^CheckRateLimits$/ },
  opentelemetry: { modules: /^platform\/opentelemetry$/, scripts: /^$/ },
  testing: { modules: /^testing\//, scripts: /./ },
}

/** The Lua scripts whose texts are in a bundle. */
function scriptsIn({ code }: Bundle): string[] {
  return [...code.matchAll(/name:"([A-Z]\w+)",source/g)].map((match) => match[1] ?? '').toSorted()
}

test('nothing is larger than its budget, and everything has one', async () => {
  expect(overBudget(await measureSizes())).toEqual([])
})

test('what is too large, or has no budget, is told by name', () => {
  expect(overBudget({ core: 40 * 1024, cloudflare: 10, novelty: 1 })).toEqual([
    'core takes 40.0 KB, and may take 39.5 KB',
    'novelty has no budget: give it one in scripts/size.js',
  ])
})

test('the size in the README is the size', async () => {
  const { core = 0, everything = 0, limiter = 0, 'rate-limit': all = 0 } = await measureSizes()
  const kilobytes = (bytes: number): string => (bytes / 1024).toFixed(1)
  const readme = readFileSync(join(resolve(import.meta.dirname, '../..'), 'README.md'), 'utf8')
  expect(readme).toContain(
    `a limiter with one policy is ${kilobytes(limiter)} KB, all of it ${kilobytes(all)} KB`,
  )
  expect(readme).toContain(
    `core ${kilobytes(core)} KB minified and gzipped, ${kilobytes(everything)} KB with its three dependencies`,
  )
})

describe('what a bundle for the edge has in it', () => {
  test('the core has its own folders, and nothing that a user has to ask for', async () => {
    const { modules } = await bundleCore()
    const folders = new Set(modules.filter((name) => name.includes('/')).map((name) => name.split('/')[0]))
    expect([...folders].toSorted()).toEqual([
      'coherence',
      'entry',
      'load',
      'lua',
      'memory',
      'read',
      'redis',
      'scripts',
      'write',
    ])
    expect(modules).toContain('load/look')
    expect(modules).not.toContain('parts')
  })

  test('the core has the scripts that it runs itself, and no others', async () => {
    expect(scriptsIn(await bundleCore())).toEqual([
      'CommitEntry',
      'CompareAndDelete',
      'ExpireEntries',
      'FillEntry',
      'InvalidateTags',
      'LeaseEntry',
      'RemoveEntries',
      'SeedVersions',
      'SetEntry',
      'SlideEntry',
    ])
  })

  test.each(subpaths())('%s brings what it is made of, and nothing else', async (name) => {
    const [core, both] = await Promise.all([bundleCore(), bundleWith(name)])
    const added = both.modules.filter((module) => !core.modules.includes(module))
    const allowed = additions[name]
    if (allowed === undefined)
      throw new Error(`say here what ${name} may add to the core: ${added.join(' ')}`)
    expect(added.length).toBeGreaterThan(0)
    expect(added.filter((module) => !allowed.modules.test(module))).toEqual([])
    const own = scriptsIn(both).filter((script) => !scriptsIn(core).includes(script))
    expect(own.filter((script) => !allowed.scripts.test(script))).toEqual([])
  })
})
