import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
// @ts-expect-error a plain script
import { reference } from '../../scripts/api/reference.js'

const root = resolve(import.meta.dirname, '../..')
const folder = join(root, 'docs', 'api')
const { pages, silent } = reference(root) as { pages: Map<string, string>; silent: string[] }

test('docs/api is what the doc comments say now: else run npm run docs:api, and commit what it writes', () => {
  expect(readdirSync(folder).toSorted()).toEqual([...pages.keys()].toSorted())
  const stale = [...pages].filter(
    ([name, text]) => readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n') !== text,
  )
  expect(stale.map(([name]) => name)).toEqual([])
})

test('every exported name has a doc comment', () => expect(silent).toEqual([]))

test('every subpath has a page, and says what it is for', () => {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: object }
  expect(pages.size).toBe(Object.keys(exports).length) // with the index in the place of package.json
  expect(pages.get('README.md')).not.toMatch(/\) \| +\|$/m)
})

test('the pages have overloads, what is inherited, accessors, examples and links', () => {
  const core = pages.get('core.md') ?? ''
  expect(core.match(/^function createHybridCache\(/gm)).toHaveLength(3)
  expect(core).toContain('#### HybridCache.removeByTag\n')
  expect(core).toContain('- `set ttl(ttl: Duration)`: How long the value lives')
  expect(core).toMatch(/#### HybridCache\.getOrCreate\n[^#]*```ts\nimport/)
  expect(pages.get('atomic.md')).toContain('Made by [`counter`](#counter).')
  expect(core).not.toContain('{@link')
})
