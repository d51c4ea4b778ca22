/**
 * The Lua scripts of this package, to be run with `cache.scripts.execute(script, { keys, args })`: conditional
 * writes, counters, locks, a rate limit, and operations on many keys, each atomic and in one request.
 *
 * @module
 */
export { textFor, type LuaDialect, type LuaParameters, type LuaScript } from './script.ts'
export * from './scripts.ts'
