import { setTimeout as sleep } from 'node:timers/promises'
import type { Exchange, Item, WireFault } from './stage.ts'

/** A kind of fault, and what is known of it. */
export interface FaultKind {
  readonly strike: WireFault
  /** It takes the whole deadline: let that be short. */
  readonly slow?: boolean
  /** The server says what is not so: what it acknowledges need not have happened. */
  readonly lies?: boolean
  /** Redis loses what it has acknowledged. */
  readonly loses?: boolean
}

const text = async (exchange: Exchange): Promise<string> => JSON.stringify(await exchange.execute())
const html = '<!doctype html><title>502 Bad Gateway</title>'

/** The reply of the given status, whose body repeats what was asked, as a server may. */
const refusal =
  (status: number, error: string, headers: Record<string, string> = {}): WireFault =>
  ({ answer, commands }) =>
    answer(JSON.stringify({ error: `${error}, command was: ${JSON.stringify(commands)}` }), status, headers)

async function byteByByte({ response, ...rest }: Exchange, pause: () => Promise<unknown>): Promise<void> {
  const bytes = Buffer.from(await text({ response, ...rest }))
  response.writeHead(200, { 'content-type': 'application/json' })
  for (const byte of bytes) {
    if (response.destroyed) return
    response.write(Buffer.of(byte))
    await pause()
  }
  response.end()
}

const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** JSON without an end: megabytes at once, and then more and more. What bounds it is tested by itself. */
async function hugeBody({ response }: Exchange): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' }).write('[{"result":"')
  response.write(Buffer.alloc(2 ** 21, 'x'))
  while (!response.destroyed) {
    response.write(Buffer.alloc(2 ** 14, 'x'))
    await sleep(5)
  }
}

async function resetMidBody(exchange: Exchange): Promise<void> {
  const body = Buffer.from(await text(exchange))
  const { response } = exchange
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
  response.write(body.subarray(0, body.length >> 1), () => exchange.reset())
}

const wrongBodies = [
  '',
  '{}',
  'null',
  '[]',
  '"OK"',
  '7',
  '[null]',
  '[7]',
  '["OK"]',
  '[{}]',
  '{"result":"OK"}',
]
const wrongResults: readonly unknown[] = [
  7,
  -1,
  'OK',
  '',
  true,
  [],
  [null],
  [[[]]],
  {},
  ['a', 'b', 'c'],
  1e300,
]

function wrongShape({ answer, commands, random }: Exchange): void {
  const pick = Math.floor(random() * (wrongBodies.length + wrongResults.length))
  const body = wrongBodies[pick]
  if (body !== undefined) return answer(body)
  const result = wrongResults[pick - wrongBodies.length]
  answer(JSON.stringify(commands.map(() => ({ result }))))
}

/** One item too many or too few, or errors that are none. */
async function wrongCount(exchange: Exchange): Promise<void> {
  const items: unknown[] = await exchange.execute()
  const wrong = [items.slice(1), [...items, { result: 'OK' }], items.map(() => ({ error: { text: 'ERR' } }))]
  exchange.answer(JSON.stringify(wrong[Math.floor(exchange.random() * 3)]))
}

/** Executed, and answered with the reply to something else: its own turned round, or that of an earlier request. */
async function swapped(exchange: Exchange): Promise<void> {
  const { earlier } = exchange
  const items = await exchange.execute()
  const shuffled = items.map(turned).toReversed()
  exchange.answer(JSON.stringify(exchange.random() < 0.5 ? shuffled : (earlier ?? shuffled)))
}

function turned(item: Item): Item {
  return Array.isArray(item.result) ? { result: (item.result as unknown[]).toReversed() } : item
}

/** What goes wrong between the cache and the server. */
export const wireFaults: Readonly<Record<string, FaultKind>> = {
  latency: { strike: async (e) => (await sleep(15), e.answer(await text(e))) },
  jitter: { strike: async (e) => (await sleep(e.random() * 30), e.answer(await text(e))) },
  'reset before execution': { strike: (e) => e.reset() },
  'reset after execution': { strike: async (e) => (await e.execute(), e.reset()) },
  'reset in mid-body': { strike: resetMidBody },
  'truncated JSON': { strike: async (e) => e.answer((await text(e)).slice(0, -3)) },
  'one byte at a time': { strike: (e) => byteByByte(e, nextTurn) },
  'a byte now and then': { strike: (e) => byteByByte(e, () => sleep(10)), slow: true },
  silence: { strike: () => undefined, slow: true },
  'silence after execution': { strike: async (e) => void (await e.execute()), slow: true },
  'silence behind the headers': { strike: (e) => void e.response.writeHead(200).write('['), slow: true },
  'a huge body': { strike: hugeBody, slow: true },
  'a redirect elsewhere': { strike: (e) => e.answer('', 307, { location: e.elsewhere }) },
  'HTML with 200': { strike: (e) => e.answer(html, 200, { 'content-type': 'text/html' }) },
  'HTML with 502': { strike: (e) => e.answer(html, 502, { 'content-type': 'text/html' }) },
  '500': { strike: refusal(500, 'ERR internal') },
  '503, empty': { strike: (e) => e.answer('', 503) },
  '429': { strike: refusal(429, 'ERR max requests limit exceeded') },
  '429 with Retry-After': { strike: refusal(429, 'ERR max requests limit exceeded', { 'retry-after': '1' }) },
  '401': { strike: refusal(401, 'WRONGPASS invalid or missing auth token') },
  '403': { strike: refusal(403, 'NOPERM this user has no permissions') },
  'oversize, 400': { strike: refusal(400, 'ERR max request size exceeded. Limit: 10485760 bytes') },
  'wrong shapes': { strike: wrongShape, lies: true },
  'a wrong count': { strike: wrongCount },
  'swapped replies': { strike: swapped, lies: true },
}
