import { RedisTier } from '../../src/redis/tier.ts'
import { LinkFixture } from './link.ts'

/** L2 over a fake Redis, as a new isolate has it. */
export class TierFixture extends LinkFixture {
  readonly tier: RedisTier = new RedisTier(this.link, this.clock)

  /** Writes as the cache does: the server's time first. */
  async store(key: string, value: string): Promise<void> {
    const failure = await this.tier.ready()
    if (failure !== undefined) throw failure
    await this.link.send(['SET', key, value, 'PX', 60_000], { idempotent: false })
  }
}
