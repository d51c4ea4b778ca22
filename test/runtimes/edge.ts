// The same Worker, as the edge-runtime VM starts one.
import worker from './worker.ts'

interface FetchEvent extends Event {
  readonly request: Request
  respondWith(response: Promise<Response>): void
}

addEventListener('fetch', (event) => {
  const { request } = event as FetchEvent
  ;(event as FetchEvent).respondWith(worker.fetch(request))
})
