/**
 * For your machine and your tests: a local server that speaks the REST API of Upstash Redis. Node only.
 *
 * @module
 */
export { startDevServer, type DevServer } from './server.ts'
export type { DevServerEngine, DevServerOptions } from './options.ts'
export type { DevServerStats, DevServerWarnings } from './stats.ts'
export type { UnusedScriptKeys } from './unused-keys.ts'
