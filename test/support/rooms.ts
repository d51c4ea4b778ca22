import type { Keyspace, Stored } from '../../src/testing/database.ts'

interface Text {
  value: string
  expires: number
}

/** What a fake Redis holds, sorted into rooms so that a test can look at each, and put things there. */
export class Rooms implements Keyspace {
  /** What was stored: all but versions. */
  readonly values: Map<string, Text> = new Map<string, Text>()
  /** The counter, and the versions of tags and of everything. */
  readonly versions: Map<string, Text> = new Map<string, Text>()
  /** Sorted sets: scores by member. They do not end. */
  readonly sets: Map<string, Map<string, number>> = new Map<string, Map<string, number>>()
  /** Lists. */
  readonly lists: Map<string, Stored> = new Map<string, Stored>()

  get(key: string): Stored | undefined {
    const set = this.sets.get(key)
    if (set !== undefined) return { value: set, expires: Infinity }
    return this.#texts(key).get(key) ?? this.lists.get(key)
  }

  set(key: string, { value, expires }: Stored): void {
    if (typeof value === 'string') this.#texts(key).set(key, { value, expires })
    else if (Array.isArray(value)) this.lists.set(key, { value, expires })
    else this.sets.set(key, value)
  }

  delete(key: string): void {
    for (const room of this.#all()) room.delete(key)
  }

  keys(): string[] {
    return this.#all().flatMap((room) => Array.from(room.keys()))
  }

  clear(): void {
    for (const room of this.#all()) room.clear()
  }

  #all(): Map<string, unknown>[] {
    return [this.values, this.versions, this.sets, this.lists]
  }

  #texts(key: string): Map<string, Text> {
    return /^[^:]+:(n:[^:]+:)?[mtx]:/.test(key) ? this.versions : this.values
  }
}
