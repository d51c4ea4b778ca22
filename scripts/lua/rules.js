// @ts-check
import { Fault } from './fault.js'

/** @typedef {import('./code.js').Line} Line */
/** @typedef {import('./header.js').Header} Header */
/** @typedef {import('./header.js').Parameter} Parameter */

const READS = new Set('GET MGET EXISTS STRLEN TTL PTTL LLEN LRANGE TIME SCAN'.split(' '))
const WRITES = new Set(
  'SET GETEX MSET INCR INCRBY PEXPIRE DEL UNLINK RPUSH LTRIM ZADD ZREMRANGEBYSCORE PUBLISH'.split(' '),
)
const KEYLESS = new Set(['TIME'])
/** A channel is no key: Upstash would lock it for nothing, and it comes as an argument. */
const TO_CHANNEL = new Set(['PUBLISH'])

/** What an engine lacks, what is not the same on every engine, and what would look into a user's value. */
const FORBIDDEN =
  /\b(cjson|cmsgpack|struct|bit|os|debug|loadstring|dofile|require|tostring|print|math\.random)\b/

/**
 * Checks a script's code, includes in place, against its header.
 * @param {readonly Line[]} lines @param {Header} header @param {string} file
 */
export function checkRules(lines, header, file) {
  lines.forEach(({ bare }, index) => {
    const found = FORBIDDEN.exec(bare)
    if (found !== null) throw new Fault(file, index + 1, `${found[0]} is not for these scripts`)
    if (/\bredis\b(?!\.(?:call|pcall|error_reply)\()/.test(bare))
      throw new Fault(
        file,
        index + 1,
        'of redis only call, pcall and error_reply, called where they are named',
      )
  })
  checkTable('KEYS', header.keys, lines, file)
  checkTable('ARGV', header.args, lines, file)
  checkCalls(lines, header, file)
}

/**
 * Every key and argument is documented, and used: on Upstash an unused key would be locked for nothing.
 * @param {'KEYS' | 'ARGV'} table @param {Parameter[]} parameters
 * @param {readonly Line[]} lines @param {string} file
 */
function checkTable(table, parameters, lines, file) {
  const many = parameters.some(({ index }) => index === 'N')
  const used = new Set()
  const pattern = new RegExp(String.raw`\b${table}\b(?:\[(\d+)\])?`, 'g')
  lines.forEach(({ bare }, line) => {
    for (const [, digits] of bare.matchAll(pattern)) {
      used.add(digits === undefined ? 'N' : Number(digits))
      const known =
        digits === undefined ? many : many || parameters.some(({ index }) => index === Number(digits))
      if (!known) throw new Fault(file, line + 1, `${table}[${digits ?? '…'}] is not in the header`)
    }
  })
  for (const { index, line } of parameters)
    if (index !== 'N+1' && !used.has(index)) throw new Fault(file, line, `${table}[${index}] is never used`)
}

/** @param {readonly Line[]} lines @param {Header} header @param {string} file */
function checkCalls(lines, header, file) {
  let writes = false
  for (const [index, { code, bare }] of lines.entries()) {
    for (const call of bare.matchAll(/\bredis\.p?call\(/g)) {
      const command = readCall(code.slice(call.index + call[0].length), header, file, index + 1)
      if (header.readonly && WRITES.has(command))
        throw new Fault(file, index + 1, `${command} writes, and the script is @readonly`)
      writes ||= WRITES.has(command)
    }
  }
  if (!writes && !header.readonly) throw new Fault(file, 1, 'it never writes: mark it @readonly')
}

/**
 * A command by its literal name, on a declared key.
 * @param {string} rest @param {Header} header @param {string} file @param {number} line
 */
function readCall(rest, header, file, line) {
  const [, command, first = ''] = /^'([A-Z]+)'(?:, ([\w[]+\(?))?/.exec(rest) ?? []
  if (command === undefined)
    throw new Fault(file, line, "a command is named where it is called: redis.call('GET', …)")
  if (!READS.has(command) && !WRITES.has(command))
    throw new Fault(file, line, `is ${command} a read or a write? Say so in the generator's rules`)
  if (TO_CHANNEL.has(command)) {
    if (!first.startsWith('ARGV['))
      throw new Fault(file, line, `the channel of ${command} must come from ARGV`)
    return command
  }
  const many = header.keys.some(({ index }) => index === 'N')
  const declared = first.startsWith('KEYS[') || (many && first === 'unpack(')
  if (!declared && !KEYLESS.has(command) && !header.dynamicKeys)
    throw new Fault(file, line, `the key of ${command} must come from KEYS, or the script be @dynamic-keys`)
  return command
}
