export { requestKey, shortKey } from './key.ts'
export { type Refusal, refusalOfRequest, refusalOfResponse } from './refusal.ts'
export { capture, notModified, revive, type StoredResponse } from './stored-response.ts'
