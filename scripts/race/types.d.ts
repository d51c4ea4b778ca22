/** What the data is when it is asked for. */
export type Load = () => Promise<unknown>

/** The same by key, for who asks for all keys in the same way. */
export type Source = (key: string) => Promise<unknown>

/** A cache as one isolate has it. */
export interface Isolate {
  /** Gets a value, made by `load` where there is none, the way the library's docs say. */
  read(key: string, load: Load): Promise<unknown>
  /** Resolves when the value is gone. */
  remove(key: string): Promise<unknown>
  /** The same by tag, where the library has tags. */
  readTagged?(key: string, load: Load, tag: string): Promise<unknown>
  /** Gets many, in one call, where the library has one for that. */
  readMany?(keys: readonly string[]): Promise<unknown>
  removeByTag?(tag: string): Promise<unknown>
  close?(): unknown
}

/** Where all isolates of a race meet: one Redis, and a server in front of it that speaks Upstash's REST API. */
export interface Meeting {
  readonly redisUrl: string
  readonly redisPort: number
  readonly rest: { readonly url: string; readonly token: string }
  /** Where all values come from, for libraries that are told once; what a read says counts for nothing then. */
  readonly source?: Source
  /** What the client of `@upstash/redis` is told beside where its server is. */
  readonly client?: object
  /** Different for each set of isolates, so that none finds what another has left. */
  readonly name: string
}

/** A library, and how it is set up. */
export interface Contender {
  /** As it is installed. */
  readonly name: string
  /** In memory only. */
  alone(source?: Source): Isolate | Promise<Isolate>
  /** With all tiers that it has, and what it offers to tell other isolates. */
  shared(meeting: Meeting): Isolate | Promise<Isolate>
  /** Whether isolates tell each other at once of what was removed, over a connection of their own. */
  readonly tells?: boolean
}
