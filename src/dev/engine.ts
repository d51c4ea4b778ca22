/** Where an engine listens, and how to log in. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  readonly username?: string
  readonly password?: string
  readonly database?: number
}

/** A Redis behind the REST server: something that can be started, reached and stopped, again and again. */
export interface Engine {
  /** For people: what this is. */
  readonly description: string
  /** Whether it understands `#!lua flags=…` on a script's first line, apart from Upstash's own flag. */
  readonly knowsShebang: boolean
  /** Starts it, empty; resolves once it accepts connections. */
  start(): Promise<Endpoint>
  /** Stops it at once, its data lost. */
  stop(): Promise<void>
}
