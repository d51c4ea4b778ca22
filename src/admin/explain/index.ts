export { type Course, explain, type Explanation } from './explain.ts'
export type { StateReason, TierState } from './state.ts'
