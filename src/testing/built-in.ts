import { type LuaScript, LuaScripts, textFor } from '../lua/index.ts'

const all: readonly LuaScript[] = Object.values(LuaScripts)
const dialects = ['redis', 'upstash'] as const

const bySha1: ReadonlyMap<string, LuaScript> = new Map(
  all.flatMap((script) => dialects.map((dialect) => [script.sha1[dialect], script] as const)),
)

/** Texts are long: they are put together when one is sent for the first time. */
let byText: ReadonlyMap<string, LuaScript> | undefined

/** The built-in script with that SHA-1, in either dialect. */
export function scriptOfSha1(sha1: string): LuaScript | undefined {
  return bySha1.get(sha1)
}

/** The built-in script with that text, in either dialect. */
export function scriptOfText(text: string): LuaScript | undefined {
  byText ??= new Map(
    all.flatMap((script) => dialects.map((dialect) => [textFor(script, dialect), script] as const)),
  )
  return byText.get(text)
}
