/**
 * For the tests of applications that use the cache: a Redis in memory, a manual clock, and a switch that makes requests to
 * Redis fail. No I/O and no Node: it runs wherever the cache does.
 *
 * @module
 */
export { ManualClock } from './manual-clock.ts'
export { MemoryTransport, type MemoryTransportOptions } from './memory-transport.ts'
export { FaultSwitch, type FaultSwitchOptions } from './fault-switch.ts'
export type { Fault, FaultName, FaultTarget } from './fault.ts'
