export { type Freshness, freshnessOf } from './cache-control.ts'
export { namedKey, requestKey } from './key.ts'
export { type Refusal, refusalOfRequest, refusalOfResponse } from './refusal.ts'
export { capture, notModified, revive, type StoredResponse } from './stored-response.ts'
