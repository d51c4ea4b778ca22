export { startDevServer, type DevServer } from './server.ts'
export type { DevServerEngine, DevServerOptions } from './options.ts'
export type { DevServerStats } from './stats.ts'
