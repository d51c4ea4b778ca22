// @ts-check
// Makes a few files of all tests that judge, and of the source: a mutant then costs the start of a few threads, not of eighty that
// each load the source anew.
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** What judges: tests in memory, on the manual clock. The others take servers, or concern none of what is changed. */
const folders = ['.', 'admin', 'atomic', 'cache', 'coherence', 'entry', 'load', 'memory', 'push']
const root = process.cwd()
const tests = folders
  .flatMap((folder) =>
    readdirSync(join(root, 'test/unit', folder)).map((name) => `test/unit/${folder}/${name}`),
  )
  .filter((path) => path.endsWith('.test.ts'))

/**
 * Those that follow requests through promises make all promises of their thread slow, and get one each.
 * @param {string} path
 */
const followsRequests = (path) =>
  /from '\.\.\/\.\.\/support\/(requests|load-model)\.ts'/.test(readFileSync(path, 'utf8'))

const fewerRuns = fileURLToPath(new URL('fast-check.js', import.meta.url))

/** @param {string} name @param {readonly string[]} paths */
async function bundle(name, paths) {
  await build({
    stdin: { contents: paths.map((path) => `import './${path}'`).join('\n'), resolveDir: root },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    packages: 'external',
    ignoreAnnotations: true, // package.json says that nothing has side effects, and tests are nothing else
    // As deep as the tests are, which look for files from where they stand.
    outfile: join(root, `test/mutation/bundle/${name}.test.js`),
    logLevel: 'warning',
    plugins: [
      {
        name: 'fewer-runs',
        setup: ({ onResolve }) =>
          onResolve({ filter: /^fast-check$/ }, ({ importer }) =>
            importer === fewerRuns ? { external: true } : { path: fewerRuns },
          ),
      },
    ],
  })
}

await bundle(
  'together',
  tests.filter((path) => !followsRequests(path)),
)
for (const path of tests.filter(followsRequests)) await bundle(basename(path, '.test.ts'), [path])
