export { type Asking, Coherence, type CoherenceSettings, type News } from './coherence.ts'
export { type ChangeKind, memberOf } from './log.ts'
export { type Mark, Marks } from './marks.ts'
export type { Verdict } from './versions.ts'
