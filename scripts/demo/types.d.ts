// What the parts of the demo hand to each other.

export type IsolateName = 'A' | 'B'

/** HTTP requests to Redis, and commands in them. */
export interface Cost {
  readonly requests: number
  readonly commands: number
}

/** A Worker in a workerd process of its own. */
export interface Isolate {
  readonly url: string
  readonly pid: number
  /** What it wrote to its console. */
  output(): string
  stop(): Promise<void>
}

/** Counts what the isolates ask of Redis. */
export interface Meter {
  /** For people: who counts, and what. */
  readonly caption: string
  /** `server`: commands count once they have run. `isolates`: as soon as they are sent. */
  readonly side: 'server' | 'isolates'
  read(): Promise<Cost>
  /** Whether Redis has answered all that `read()` has counted last. */
  idle(): boolean
}

/** The Redis that the isolates share. */
export interface Shared {
  /** For people: what it is. */
  readonly description: string
  /** Whether it comes back empty from `stop()` and `start()`. */
  readonly forgets: boolean
  /** For people: what it is like after `start()`. */
  readonly afterStart: string
  readonly env: Readonly<Record<string, string>>
  meter(isolates: Readonly<Record<IsolateName, Isolate>>): Meter
  stop(): Promise<void>
  start(): Promise<void>
}

/** Everything the acts play on. */
export interface Stage {
  readonly isolates: Readonly<Record<IsolateName, Isolate>>
  readonly shared: Shared
  readonly meter: Meter
  readonly runtime: string
}

/** What one request to an isolate is expected to come to. */
export interface Expected extends Cost {
  /** For people: what happens here and why. At most 38 characters. */
  readonly note: string
  /** Who answers: the Worker says so in a header. */
  readonly tier?: 'l1' | 'l2' | 'origin' | 'stale'
  /** `'new'`: a value that was not seen before. A row: the same value as there. */
  readonly value?: 'new' | Row
  /** Default 200. */
  readonly status?: number
  /** How many commands are sent, where that is not how many run: Redis is down. */
  readonly sent?: number
  /**
   * What it costs instead where the isolate's look at the log is due, which it sends along with a read: see `interval` of the
   * Worker. Default one command more.
   */
  readonly due?: Cost
  /** How many scripts Redis learns here; one that a database of the user's knows already costs a request and a command less. */
  readonly firstUse?: number
}

/** What one isolate's part of a crowd is expected to come to, where that depends on when who comes. */
export interface Bounded extends Expected {
  /** What it costs at most; `requests` and `commands` are the least. */
  readonly most: Cost
}

/** One request to an isolate, and what it came to. */
export interface Row extends Cost {
  readonly act: string
  readonly isolate: IsolateName
  readonly request: string
  readonly note: string
  readonly status: number
  readonly tier: string | null
  /** `v1`, `v2`, …: the values in the order they were first seen. */
  readonly value: string | null
  readonly ms: number
  /** Whether it looked at the log, too. */
  readonly news: boolean
  /** What is not as expected; empty where all is well. */
  readonly wrong: readonly string[]
}

/** A request, and another one that is sent and answered while the first is being loaded. */
export type Scene = readonly [
  first: readonly [IsolateName, string, Expected],
  second: readonly [IsolateName, string, Expected],
]

/** What an act may do. */
export interface Play {
  /** Sends a request such as `GET /products/1`; throws where anything about the answer is not as expected. */
  ask(isolate: IsolateName, request: string, expected: Expected): Promise<Row>
  /**
   * Sends the same request to both isolates at the same moment: each of the outcomes, told apart by their status, must come
   * to exactly one of them. What both cost is counted together, and shown as each one's expected part.
   */
  race(request: string, outcomes: readonly [Expected, Expected]): Promise<void>
  /**
   * Sends a request, and another one as soon as Redis was read for the first, which is being loaded then. What both cost is
   * counted together, and shown as each one's expected part. On a busy machine the load may have ended before the other request
   * is answered: the scene is played again then, with the next path. Returns the path with which it came off.
   */
  meanwhile(paths: readonly string[], scene: (path: string) => Scene): Promise<string>
  /**
   * Sends the same request so many times to each of both isolates at the same moment. All must get one value, which one isolate
   * makes, once: the first outcome is its, the second the other's, which costs whatever more is counted.
   */
  crowd(size: number, request: string, outcomes: readonly [Expected, Bounded]): Promise<void>
  /** Really waits. */
  pass(ms: number, text: string): Promise<void>
  /** Whether Redis has lost what it held when it was stopped. */
  readonly forgets: boolean
  stopRedis(): Promise<void>
  startRedis(): Promise<void>
}

/** One part of the demo. */
export interface Act {
  readonly title: string
  play(play: Play): Promise<void>
}

/** What a run reports as it goes. */
export type Happening =
  | { readonly kind: 'act'; readonly text: string }
  | { readonly kind: 'event'; readonly text: string }
  | { readonly kind: 'row'; readonly row: Row }

/** A finished run. */
export interface Report {
  readonly ok: boolean
  readonly title: string
  readonly caption: string
  readonly seconds: number
  readonly happenings: readonly Happening[]
  readonly failure?: string
}

export interface Arguments {
  readonly json: boolean
  readonly svg: string | undefined
  readonly help: boolean
}
