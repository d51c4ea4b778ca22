/** What the data is when it is asked for. */
export type Load = () => Promise<string>

/** A cache as one isolate has it. */
export interface Isolate {
  /** Gets a value, made by `load` where there is none, the way the library's docs say. */
  read(key: string, load: Load): Promise<unknown>
  /** Resolves when the value is gone. */
  remove(key: string): Promise<unknown>
  /** The same by tag, where the library has tags. */
  readTagged?(key: string, load: Load, tag: string): Promise<unknown>
  removeByTag?(tag: string): Promise<unknown>
  close?(): unknown
}

/** Where all isolates of a race meet: one Redis, and a server in front of it that speaks Upstash's REST API. */
export interface Meeting {
  readonly redisUrl: string
  readonly redisPort: number
  readonly rest: { readonly url: string; readonly token: string }
  /** Different for each set of isolates, so that none finds what another has left. */
  readonly name: string
}

/** A library, and how it is set up. */
export interface Contender {
  /** As it is installed. */
  readonly name: string
  /** In memory only. */
  alone(): Isolate | Promise<Isolate>
  /** With all tiers that it has, and what it offers to tell other isolates. */
  shared(meeting: Meeting): Isolate | Promise<Isolate>
  /** Whether isolates tell each other at once of what was removed, over a connection of their own. */
  readonly tells?: boolean
}
