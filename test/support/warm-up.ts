import type { HybridCache } from '../../src/index.ts'

/** The first requests of isolates under one prefix. The very first is made alone, for it gives the database its versions. */
export class WarmUp {
  #first: Promise<unknown> | undefined

  async warm<Cache extends HybridCache>(cache: Cache): Promise<Cache> {
    const load = (): Promise<number> => cache.getOrCreate('warm-up', () => 1)
    if (this.#first === undefined) {
      this.#first = load()
      await this.#first
      await cache.get('warm-up', { l1: false })
    } else {
      await this.#first
      await load()
    }
    return cache
  }
}
