import { explain, health, removeByPattern, warm } from '../../src/admin/index.ts'
import { compareAndSwap, getAndExtend, setIfExists, setIfNotExists } from '../../src/atomic/index.ts'
import { type EntryOptions, isCacheError } from '../../src/index.ts'
import { counting } from './counting.ts'
import type { Given, Operation } from './given.ts'
import type { Value } from './ledger.ts'

const keys = ['canary-key-a', 'canary-key-b', 'canary-key-c'] as const
const tagged = { tags: ['canary-tag'], ttl: '1h', staleIfError: '1h' } as const
const scopes = ['', 'n/'] as const
const places = (scope: string, some: readonly string[] = keys): string[] => some.map((key) => scope + key)
const optionsOf = (key: string): EntryOptions => (key === keys[2] ? { ttl: '1h' } : tagged)

function pick<T>({ random }: Given, some: readonly T[]): T {
  return some[Math.floor(random() * some.length)] as T
}

const get: Operation = async (given) => {
  const { isolate, cache, ledger, scope } = given
  const key = pick(given, keys)
  const value = await cache.get(key, pick(given, [{}, { l1: false }, { tags: tagged.tags }]))
  ledger.judge(isolate.name, scope + key, value)
}

const getMany: Operation = async (given) => {
  const { isolate, cache, ledger, scope } = given
  const found = await cache.getMany(keys, pick(given, [{}, { l1: false }]))
  for (const [key, value] of found) ledger.judge(isolate.name, scope + key, value)
}

/** With a healthy factory it always has a value: R4. */
async function load(
  { isolate, cache, ledger, scope }: Given,
  key: string,
  more: EntryOptions,
): Promise<void> {
  const value = await cache.getOrCreate(key, () => ledger.make(scope + key), { ...optionsOf(key), ...more })
  if (value === undefined) throw new Error('R4: a healthy factory, and no value')
  ledger.judge(isolate.name, scope + key, value, key !== keys[2] || more.swr !== undefined)
}

const getOrCreate: Operation = (given) =>
  load(given, pick(given, keys), pick<EntryOptions>(given, [{}, {}, { swr: '1h' }, { forceRefresh: true }]))

/** Who has the lease may be gone: it ends by itself, and who waits gives up after the time that it gives a factory. */
const getOrCreateGlobal: Operation = async (given) => {
  try {
    await load(given, pick(given, keys), { stampede: 'global', timeout: '50ms' })
  } catch (error) {
    if (!isCacheError(error) || error.code !== 'FACTORY_TIMEOUT') throw error
  }
}

/** With a failing one it has a value that is at hand, or rejects with the very error of the factory. */
const getOrCreateFailing: Operation = async (given) => {
  const { isolate, cache, ledger, scope } = given
  const [key, origin] = [pick(given, keys), new Error('the origin is down')]
  const fail = (): never => {
    throw origin
  }
  try {
    ledger.judge(isolate.name, scope + key, await cache.getOrCreate(key, fail, { staleIfError: '1h' }), true)
  } catch (error) {
    if (error !== origin) throw error
  }
}

const getOrCreateMany: Operation = async ({ isolate, cache, ledger, scope }) => {
  const make = async (missing: readonly string[]) =>
    new Map(missing.map((key) => [key, ledger.make(scope + key)]))
  const values = await cache.getOrCreateMany(keys, make, tagged)
  if (values.size !== keys.length) throw new Error('R4: a healthy factory, and values are missing')
  for (const [key, value] of values) ledger.judge(isolate.name, scope + key, value, true)
}

/** However many ask, one factory is called: R5. */
const stampede: Operation = async ({ isolate, cache, ledger, scope, tally }) => {
  const key = `canary-key-new-${tally.next()}`
  let made = 0
  const make = (): Value => (made++, ledger.make(scope + key))
  const values = await Promise.all(
    Array.from({ length: 5 }, () => cache.getOrCreate(key, make, { ttl: '1h' })),
  )
  if (made > 1) throw new Error(`R5: ${made} factories for one key`)
  for (const value of values) ledger.judge(isolate.name, scope + key, value)
}

/** A write of values, that is acknowledged or is not. */
async function write(
  { isolate, ledger }: Given,
  values: readonly Value[],
  call: Promise<unknown>,
): Promise<void> {
  const outcome = await isolate.attempt(call)
  if (!outcome.ok) ledger.uncertain(values)
  else if (outcome.value !== false) ledger.stored(isolate.name, values)
}

const set: Operation = async (given) => {
  const key = pick(given, keys)
  const value = given.ledger.make(given.scope + key)
  await write(given, [value], given.cache.set(key, { ...value }, optionsOf(key)))
}

const setMany: Operation = async (given) => {
  const values = keys.map((key) => given.ledger.make(given.scope + key))
  const pairs = keys.map((key, i) => [key, { ...values[i] }] as const)
  await write(given, values, given.cache.setMany(pairs, tagged))
}

/** An end of these places, that is acknowledged or is not. */
async function end(
  { isolate, ledger }: Given,
  ended: readonly string[],
  call: Promise<unknown>,
  how: { soft?: boolean; here?: boolean } = {},
): Promise<void> {
  const outcome = await isolate.attempt(call)
  if (outcome.ok) ledger.removed(isolate.name, ended, how)
}

const remove: Operation = async (given) => {
  const some = pick(given, [[keys[0]], keys])
  await end(given, places(given.scope, some), given.cache.remove(some))
}

const expire: Operation = async (given) => {
  const key = pick(given, keys)
  await end(given, [given.scope + key], given.cache.expire(key), { soft: true })
}

// Values that were made by getOrCreateMany have the tag, whatever their key; those of the others only under the first two.
const taggedKeys = keys.slice(0, 2)

const removeByTag: Operation = (given) =>
  end(given, places(given.scope, taggedKeys), given.cache.removeByTag(tagged.tags))

const expireByTag: Operation = (given) =>
  end(given, places(given.scope, taggedKeys), given.cache.expireByTag(tagged.tags), { soft: true })

const clear: Operation = async (given) => {
  const ended = given.scope === '' ? scopes.flatMap((scope) => places(scope)) : places(given.scope)
  await end(given, ended, given.cache.clear())
}

/** Of what only L1 of another isolate holds, that one does not hear. */
const removePattern: Operation = (given) =>
  end(given, [given.scope + keys[0]], removeByPattern(given.cache, 'canary-key-?'), { here: true })

const conditional: Operation = async (given) => {
  const key = pick(given, keys)
  const value = given.ledger.make(given.scope + key)
  const store = pick(given, [setIfNotExists, setIfExists])
  await write(given, [value], store(given.cache, key, { ...value }, optionsOf(key) as object))
}

const swap: Operation = async (given) => {
  const { isolate, cache, ledger, scope } = given
  const key = pick(given, keys)
  const expected = await cache.get<Value>(key)
  const value = ledger.make(scope + key)
  const call = compareAndSwap(
    cache,
    key,
    expected ?? { ...value, serial: -1 },
    { ...value },
    optionsOf(key) as object,
  )
  await write(given, [value], call)
  ledger.judge(isolate.name, scope + key, await cache.get(key))
}

const extend: Operation = async (given) => {
  const { isolate, cache, ledger, scope } = given
  const key = pick(given, keys)
  const outcome = await isolate.attempt(getAndExtend(cache, key, '1h', { related: [keys[1]] }))
  if (outcome.ok) ledger.judge(isolate.name, scope + key, outcome.value)
}

/** They tell how things are, and do not fail with them. */
const look: Operation = async ({ cache, random }) => {
  await explain(cache, random() < 0.5 ? keys[0] : keys[2])
  await health(cache)
}

const warmUp: Operation = async ({ cache, ledger, scope }) => {
  const make = async (missing: readonly string[]) =>
    new Map(missing.map((key) => [key, ledger.make(scope + key)]))
  await warm(cache, keys, make, tagged)
}

/** What is done in one tick shares a request. */
const together: Operation = async (given) => {
  const { isolate, cache, ledger, scope } = given
  const value = ledger.make(scope + keys[0])
  const stored = isolate.attempt(cache.set(keys[0], { ...value }, tagged))
  const [outcome, b, c] = await Promise.all([stored, cache.get(keys[1]), cache.get(keys[2], { l1: false })])
  if (outcome.ok) ledger.stored(isolate.name, [value])
  else ledger.uncertain([value])
  ledger.judge(isolate.name, scope + keys[1], b)
  ledger.judge(isolate.name, scope + keys[2], c)
}

/** Everything that a cache can do, by name. */
export const operations: Readonly<Record<string, Operation>> = {
  get,
  getMany,
  getOrCreate,
  'getOrCreate, in the fleet': getOrCreateGlobal,
  'getOrCreate, the factory fails': getOrCreateFailing,
  getOrCreateMany,
  stampede,
  set,
  setMany,
  remove,
  expire,
  removeByTag,
  expireByTag,
  clear,
  'setIfNotExists, setIfExists': conditional,
  compareAndSwap: swap,
  getAndExtend: extend,
  ...counting,
  removeByPattern: removePattern,
  warm: warmUp,
  'explain, health': look,
  'several in one tick': together,
}
