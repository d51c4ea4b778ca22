// A message on the channel: `<version> <sender> <name> <name> …`, each name percent-encoded, so that it has no comma, space, line end
// or non-ASCII character, which servers and clients in between could misread. The version comes from the script.
import { type Change, lowestSeed, toChange } from '../coherence/index.ts'

/** Longer messages say only that something changed. */
const longestMessage = 2 ** 16
const something = '?'
/** How far ahead of the server's time a version may be, for a clock that is not known well: versions begin at its microseconds. */
const margin = 3_600_000

export interface Message {
  readonly version: number
  readonly sender: string
  /** Missing if there were too many to name. */
  readonly changes: readonly Change[] | undefined
}

/** What a script is given to publish after the version. */
export function messageOf(sender: string, members: readonly string[]): string {
  const names = members.map((member) => encodeURIComponent(member)).join(' ')
  return ` ${sender} ${names.length > longestMessage ? something : names}`
}

/** The message in a text; `undefined` if it cannot be one. `now` is the server's time in milliseconds. */
export function readMessage(text: string, now: number): Message | undefined {
  const [digits = '', sender = '', ...names] = text.split(' ')
  const version = Number(digits)
  const possible =
    /^\d{13,16}$/.test(digits) && version >= lowestSeed && version <= Math.min((now + margin) * 1000, maxSafe)
  if (!possible || !/^[a-z0-9]{1,32}$/.test(sender) || names.length === 0) return undefined
  if (names.length === 1 && names[0] === something) return { version, sender, changes: undefined }
  const members = names.map(decode)
  if (members.includes(undefined)) return undefined
  return { version, sender, changes: members.map((member) => toChange(member ?? '', version)) }
}

const maxSafe = Number.MAX_SAFE_INTEGER

function decode(name: string): string | undefined {
  try {
    return name === '' ? undefined : decodeURIComponent(name)
  } catch {
    return undefined
  }
}
