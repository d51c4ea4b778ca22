// What calls are asked for, in the words of the package.
import type { EntryOptions } from '../../src/index.ts'
import type { Life, Place } from './reference.ts'
import type { Wish } from './steps.ts'

// Names that a careless scheme would take for each other.
export const places: readonly Place[] = [
  { namespace: undefined, key: 'a' },
  { namespace: undefined, key: 'e:a' },
  { namespace: 'e', key: 'a' },
]
export const elsewhere: Place = { namespace: undefined, key: 'elsewhere' }
export const tags: readonly string[] = ['t', '*']

export const plain: Wish = {
  ttl: 600_000,
  sliding: 0,
  swr: 0,
  staleIfError: 0,
  softTimeout: 0,
  timeout: 0,
  stampede: 'isolate',
  eager: false,
  force: false,
  l1: false,
  tags: 0,
  late: false,
  solo: false,
  leaves: false,
  end: 'value',
}

export function placeAt(index: number): Place {
  return places[index] as Place
}

export function rootPlace(key: string): Place {
  return (
    places.find((place) => place.namespace === undefined && place.key === key) ?? {
      namespace: undefined,
      key,
    }
  )
}

export function tagsOf(wish: Pick<Wish, 'tags'>): readonly string[] {
  return tags.filter((_, i) => (wish.tags & (1 << i)) !== 0)
}

export function lifeOf(wish: Wish): Life {
  const { ttl, sliding, swr, staleIfError } = wish
  return { tags: tagsOf(wish), ttl, idle: sliding, window: Math.max(swr, staleIfError) }
}

export function writeOptions(wish: Wish): EntryOptions {
  const { ttl, sliding, swr, staleIfError, l1 } = wish
  const slides = sliding > 0 && { sliding }
  return { ttl, ...slides, swr: swr || false, staleIfError: staleIfError || false, l1, tags: tagsOf(wish) }
}

export function optionsOf(wish: Wish): EntryOptions {
  const { softTimeout, timeout, stampede, eager, force, late, solo } = wish
  const { tags: early, ...options } = writeOptions(wish)
  return {
    ...options,
    ...(late ? {} : { tags: early }),
    softTimeout: softTimeout || false,
    timeout: timeout || false,
    stampede,
    eager: eager ? { beta: 50 } : false,
    forceRefresh: force,
    l2: !solo,
  } as EntryOptions
}

export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}

export function shownWish(wish: Wish): string {
  const said = Object.entries({ ...wish, tags: tagsOf(wish).join(' ') }).filter(
    ([name, value]) => value !== plain[name as keyof Wish] && value !== '',
  )
  return `{ ${said.map(([name, value]) => `${name}: ${value}`).join(', ')} }`
}
