// @ts-check
import { setTimeout as sleep } from 'node:timers/promises'
import { Gate } from './gate.js'
import { Line } from './line.js'

/** @import { Contender, Isolate, Load, Meeting } from './types.d.ts' */

/**
 * What a call gives that begins after the removal, and one that begins 6 s later: `new` and `new`; `old` and `new`; or `OLD`, and
 * `OLD` until the hour of its ttl is over. `no tags`: the library has none.
 *
 * @typedef {'new' | 'old, then new' | 'OLD' | 'no tags'} Outcome
 * @typedef {{ loads: Isolate, removes: Isolate, reads: Isolate }} Roles
 * @typedef {{ one: Isolate, a: Isolate, b: Isolate }} Isolates
 * @typedef {Roles & { key: string, tag?: string, tells: boolean }} Course
 */

const later = 6000
const patience = 5000
/** For how long news between isolates may be on their way, where nothing can tell that they have come. */
const news = 1000
let count = 0

/** Runs all courses with a library, and gives the outcomes by column. @param {Contender} contender @param {Meeting} meeting */
export async function runAll(contender, meeting) {
  await withIsolates(contender, meeting, (isolates) => assertRemovesAll(contender, isolates))
  // Others than before: what an isolate looks at from time to time is not to be due in the race, however long that took.
  return withIsolates(contender, meeting, async (isolates) => {
    for (const each of [isolates.a, isolates.b]) await each.read(`first${++count}`, async () => '')
    return raceAll(contender, isolates, meeting)
  })
}

/**
 * @template T
 * @param {Contender} contender @param {Meeting} meeting @param {(isolates: Isolates) => Promise<T>} work @returns {Promise<T>}
 */
async function withIsolates({ alone, shared }, meeting, work) {
  const isolates = { one: await alone(), a: await shared(meeting), b: await shared(meeting) }
  try {
    return await work(isolates)
  } finally {
    for (const each of Object.values(isolates)) await each.close?.()
  }
}

/** @param {Isolates} isolates */
function rolesOf({ one, a, b }) {
  const inOne = { loads: one, removes: one, reads: one }
  const inSame = { loads: a, removes: a, reads: a }
  return { inOne, inSame, readByOther: { ...inSame, reads: b } }
}

/** @param {Contender} contender @param {Isolates} isolates */
async function assertRemovesAll({ tells = false }, isolates) {
  for (const roles of Object.values(rolesOf(isolates)))
    for (const byTag of isolates.a.removeByTag === undefined ? [false] : [false, true])
      await assertRemoves(courseOf(roles, byTag, tells))
}

/** @param {Contender} contender @param {Isolates} isolates @param {Meeting} meeting */
async function raceAll({ shared, tells = false }, isolates, meeting) {
  const { a, b } = isolates
  const { inOne, inSame, readByOther } = rolesOf(isolates)
  const removedByOther = [
    { ...inSame, removes: b },
    { loads: a, removes: b, reads: b },
  ]
  /** @param {Roles[]} all @param {boolean} [byTag] @returns {Promise<Outcome>} */
  const worstOf = async (all, byTag = false) => {
    if (byTag && a.removeByTag === undefined) return 'no tags'
    const courses = all.map((roles) => courseOf(roles, byTag, tells))
    return worst(await Promise.all(courses.map(race)))
  }
  const columns = {
    'memory only': worstOf([inOne]),
    'same isolate': worstOf([inSame]),
    'another isolate': worstOf([readByOther]),
    'removed by another': worstOf(removedByOther),
    'by tag': worstOf([inSame, readByOther], true),
    'by tag, by another': worstOf(removedByOther, true),
    'read in flight': readInFlight(b, shared, meeting),
  }
  const outcomes = Object.entries(columns).map(async ([name, outcome]) => [name, await outcome])
  return /** @type {Record<string, Outcome>} */ (Object.fromEntries(await Promise.all(outcomes)))
}

/** @param {Roles} roles @param {boolean} byTag @param {boolean} tells @returns {Course} */
function courseOf(roles, byTag, tells) {
  const key = `key${++count}`
  return {
    ...roles,
    key,
    ...(byTag && { tag: `tag${count}` }),
    tells: tells && roles.loads !== roles.removes,
  }
}

/** Without a race every library must pass, or it is not set up as it should be. @param {Course} course */
async function assertRemoves(course) {
  let data = 'old'
  const load = async () => data
  if ((await ask(course.loads, course, load)) !== 'old') throw new Error('a load gives what it has not read')
  data = 'unread'
  if ((await ask(course.loads, course, load)) !== 'old')
    throw new Error('a value that was loaded is not kept')
  data = 'new'
  await remove(course)
  if (!(await turns('new', () => ask(course.reads, course, load))))
    throw new Error('a value that was removed is still there')
}

/**
 * A load starts and is held. The data changes, and what is loaded is removed. Then the load ends, with what it has read.
 * What does a call get that begins now?
 *
 * @param {Course} course @returns {Promise<Outcome>}
 */
async function race(course) {
  let data = 'old'
  const gate = new Gate()
  const load = ask(course.loads, course, async () => {
    const read = data
    await gate.pass()
    return read
  })
  await gate.reached
  data = 'new'
  await remove(course)
  if (course.tells) await isTold(course)
  gate.open()
  if ((await load) !== 'old') throw new Error('the load did not end with what it had read')
  return outcomeOf(course.reads, course.key, () => ask(course.reads, course, async () => data))
}

/**
 * The same with a read from Redis instead of a load: its reply is held, while another isolate removes the value.
 *
 * @param {Isolate} other @param {Contender['shared']} shared @param {Meeting} meeting @returns {Promise<Outcome>}
 */
async function readInFlight(other, shared, { redisPort, rest, ...meeting }) {
  const key = `key${++count}`
  const [redis, http] = [new Line(redisPort), new Line(Number(new URL(rest.url).port))]
  const [port, restPort] = [await redis.open(), await http.open()]
  let data = `the old ${key}`
  await other.read(key, async () => data)
  const reader = await shared({
    ...meeting,
    redisUrl: `redis://127.0.0.1:${port}`,
    redisPort: port,
    rest: { url: `http://127.0.0.1:${restPort}`, token: rest.token },
  })
  try {
    await reader.read(`${key}-before`, async () => '')
    const gate = new Gate()
    for (const line of [redis, http]) line.hold(data, gate)
    const reading = reader.read(key, async () => 'loaded')
    await Promise.race([
      gate.reached,
      reading.then(() => Promise.reject(new Error('nothing was read from Redis'))),
    ])
    data = 'new'
    await other.remove(key)
    await sleep(news)
    gate.open()
    if ((await reading) === 'loaded') throw new Error('what was read from Redis was not given')
    return await outcomeOf(reader, key, () => reader.read(key, async () => data))
  } finally {
    await reader.close?.()
    for (const line of [redis, http]) line.close()
  }
}

/** @param {Isolate} reader @param {string} key @param {() => unknown} read @returns {Promise<Outcome>} */
async function outcomeOf(reader, key, read) {
  const first = await read()
  await sleep(later)
  // As any isolate that is not idle: something else is asked for.
  await reader.read(`${key}-unrelated`, async () => '')
  if ((await read()) !== 'new') return 'OLD'
  return first === 'new' ? 'new' : 'old, then new'
}

/** @param {Isolate} isolate @param {{ key: string, tag?: string }} course @param {Load} load */
function ask(isolate, { key, tag }, load) {
  return tag === undefined ? isolate.read(key, load) : isolate.readTagged?.(key, load, tag)
}

/** @param {{ removes: Isolate, key: string, tag?: string }} course */
async function remove({ removes, key, tag }) {
  await (tag === undefined ? removes.remove(key) : removes.removeByTag?.(tag))
}

/** Waits until who loads has heard of a removal that came later, on the same way. @param {Course} course */
async function isTold({ loads, removes, key, tag }) {
  const sign = { removes, key: `${key}-sign`, ...(tag !== undefined && { tag: `${tag}-sign` }) }
  await ask(loads, sign, async () => 'up')
  await remove(sign)
  if (!(await turns('down', () => ask(loads, sign, async () => 'down'))))
    throw new Error('an isolate was not told of what another had removed')
}

/** Whether a read comes to give a value, for news between isolates take a moment. @param {string} value @param {() => unknown} read */
async function turns(value, read) {
  for (const end = Date.now() + patience; Date.now() < end; await sleep(5))
    if ((await read()) === value) return true
  return false
}

/** @param {readonly Outcome[]} outcomes @returns {Outcome} */
function worst(outcomes) {
  return outcomes.find((each) => each === 'OLD') ?? outcomes.find((each) => each !== 'new') ?? 'new'
}
