import { starAddress } from '../redis/index.ts'

const maxTags = 1000

interface Rumour {
  readonly hard: number
  readonly soft: number
}

/**
 * What push says about tags and about everything, until a poll of the log confirms it. It concerns copies in L1 only, which cost no
 * more than a read if it was wrong: if it counted as known, a forged version would end up in stamps, and what is stored with too
 * high a stamp outlives real invalidations.
 */
export class Rumours {
  #tags = new Map<string, Rumour>()
  #wanted = 0
  #asked = 0

  add(address: string, { hard = 0, soft = 0 }: Partial<Rumour>): void {
    const known = this.#tags.get(address)
    const rumour = { hard: Math.max(hard, known?.hard ?? 0), soft: Math.max(soft, known?.soft ?? 0) }
    this.#tags.set(address, rumour)
    if (this.#tags.size > maxTags) this.#simplify()
    this.#wanted++
  }

  /** Too many to keep: all copies are unusable then. */
  #simplify(): void {
    const all = [...this.#tags.values()].map(({ hard, soft }) => Math.max(hard, soft))
    this.#tags = new Map([[starAddress(undefined), { hard: Math.max(...all), soft: 0 }]])
  }

  /** Something may have been missed. */
  wantLook(): void {
    this.#wanted++
  }

  get isDue(): boolean {
    return this.#wanted > this.#asked
  }

  /** A poll is sent; its success ends the rumours from before it, as what is true of them is known then. */
  looking(): (ok: boolean) => void {
    const before = this.#asked
    const asked = this.#wanted
    this.#asked = asked
    return (ok) => {
      if (!ok) this.#asked = Math.min(this.#asked, before)
      else if (asked === this.#wanted) this.#tags.clear()
    }
  }

  judge(stamp: number, tags: readonly string[]): 'ok' | 'soft' | 'dead' {
    if (this.#tags.size === 0) return 'ok'
    const rumours = [starAddress(undefined), ...tags].map((address) => this.#tags.get(address))
    if (rumours.some((rumour) => stamp < (rumour?.hard ?? 0))) return 'dead'
    return rumours.some((rumour) => stamp < (rumour?.soft ?? 0)) ? 'soft' : 'ok'
  }
}
