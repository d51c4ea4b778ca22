import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'
import {
  fromIoredis,
  fromNodeRedis,
  type IoredisClient,
  type NodeRedisClient,
} from '../../../src/platform/redis/index.ts'
import { clientsFolder, type IoredisModule, loadClient, type NodeRedisModule } from './clients.ts'

const root = join(import.meta.dirname, '../../..')
const off = { autoResendUnfulfilledCommands: false, lazyConnect: true }

test.each(['ioredis', 'ioredis-5'])('%s: a client that would spoil replies is refused', (name) => {
  const { Redis, Cluster } = loadClient<IoredisModule>(name)
  expect(() => fromIoredis(new Redis(off))).not.toThrow()
  expect(() => fromIoredis(new Redis({ lazyConnect: true }))).toThrow(/autoResendUnfulfilledCommands: false/)
  expect(() => fromIoredis(new Redis({ ...off, stringNumbers: true }))).toThrow(TypeError)
  expect(() => fromIoredis(new Redis({ ...off, keyPrefix: 'app:' }))).toThrow(/keyPrefix/)
  expect(() => fromIoredis(new Cluster([{}], { ...off }))).toThrow(/not a Cluster/)
})

test('ioredis 6: replies in the shapes of RESP3 are refused', () => {
  const { Redis } = loadClient<IoredisModule>('ioredis')
  expect(() => fromIoredis(new Redis({ ...off, replyMapping: 'resp3' }))).toThrow(/resp3/)
})

test.each(['redis', 'redis-5', 'redis-4'])('%s: clusters, sentinels and pools are refused', (name) => {
  const { createClient, createCluster, createSentinel, createClientPool } = loadClient<NodeRedisModule>(name)
  const rootNodes = [{ url: 'redis://127.0.0.1:1' }]
  expect(() => fromNodeRedis(createClient({}))).not.toThrow()
  expect(() => fromNodeRedis(createCluster({ rootNodes }))).toThrow(/not a cluster/)
  const sentinel = createSentinel?.({ name: 'main', sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }] })
  if (sentinel) expect(() => fromNodeRedis(sentinel)).toThrow(/not a cluster/)
  const pool = createClientPool?.({})
  if (pool) expect(() => fromNodeRedis(pool)).toThrow(/not a cluster/)
})

test.each([undefined, null, {}, 'redis://host', { url: 'u', token: 't' }])('%j is no client', (value) => {
  expect(() => fromIoredis(value as unknown as IoredisClient)).toThrow(TypeError)
  expect(() => fromNodeRedis(value as unknown as NodeRedisClient)).toThrow(TypeError)
})

test('a client that was never connected fails at once', async () => {
  const transport = fromNodeRedis(loadClient<NodeRedisModule>('redis').createClient({}))
  await expect(
    transport.send([['GET', 'k']], { signal: new AbortController().signal, idempotent: true }),
  ).rejects.toMatchObject({ code: 'L2_NETWORK', message: 'the Redis client is not connected' })
})

test('the real clients fit the types, without a cast', () => {
  const folder = mkdtempSync(join(clientsFolder, 'node_modules', '.types-'))
  try {
    const door = relative(folder, join(root, 'src/platform/redis/index.ts')).replaceAll('\\', '/')
    const lines = [
      `import { fromIoredis, fromNodeRedis } from '${door}'`,
      ...['ioredis', 'ioredis-5'].map(
        (name, i) => `import { Redis as R${i} } from '${name}'
          fromIoredis(new R${i}({ autoResendUnfulfilledCommands: false }))`,
      ),
      ...['redis', 'redis-5', 'redis-4'].map(
        (name, i) => `import * as n${i} from '${name}'
          fromNodeRedis(n${i}.createClient())
          fromNodeRedis(await n${i}.createClient().on('error', () => {}).connect())
          // @ts-expect-error A cluster sends otherwise.
          fromNodeRedis(n${i}.createCluster({ rootNodes: [] }))`,
      ),
      'export {}',
    ]
    writeFileSync(join(folder, 'types.ts'), lines.join('\n'))
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: join(root, 'tsconfig.json'),
        compilerOptions: { typeRoots: [join(root, 'node_modules/@types')] },
        include: ['types.ts'],
        exclude: [],
      }),
    )
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' })
    expect(stdout).toBe('')
  } finally {
    rmSync(folder, { recursive: true })
  }
}, 60_000)
