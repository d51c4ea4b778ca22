import { getAndExtend } from '../../src/atomic/index.ts'
import type { LoadContext } from '../../src/index.ts'
import type { Isolate } from './isolate.ts'
import { type Call, Ledger } from './ledger.ts'
import { nameOf, type Place, type Value } from './reference.ts'
import type { End, Wish } from './steps.ts'
import { optionsOf, rootPlace, shownWish, tagsOf } from './wishes.ts'

/** What isolates read. */
export class Reads extends Ledger {
  getOne(isolate: Isolate, place: Place, l1: boolean): void {
    const call = this.starting(isolate, `get ${nameOf(place)}`)
    this.giving(
      call,
      () => isolate.at(place).get(place.key, { l1 }),
      (value) => [[place, value]],
    )
  }

  getMany(isolate: Isolate): void {
    const call = this.starting(isolate, 'getMany a, e:a')
    const keys = ['a', 'e:a']
    for (const key of keys) if (isolate.cache.getLocal(key) !== undefined) call.local.add(key)
    this.giving(
      call,
      () => isolate.cache.getMany(keys),
      (found) => [...found].map(([key, value]) => [rootPlace(key), value]),
    )
  }

  extend(isolate: Isolate, place: Place, { ttl }: Wish): void {
    const call = this.starting(isolate, `getAndExtend ${nameOf(place)} for ${ttl} ms`)
    this.giving(
      call,
      () => getAndExtend(isolate.at(place), place.key, ttl),
      (value) => [[place, value]],
    )
  }

  load(isolate: Isolate, place: Place, wish: Wish): void {
    const call = this.starting(
      isolate,
      `getOrCreate ${nameOf(place)} ${shownWish(wish)}`,
      Math.max(wish.swr, wish.staleIfError),
    )
    const factory = (context: LoadContext): Promise<unknown> => this.make(call, place, wish, context)
    this.giving(
      call,
      () => isolate.at(place).getOrCreate(place.key, factory, optionsOf(wish)),
      (value) => [[place, value]],
    )
  }

  loadMany(isolate: Isolate, wish: Wish): void {
    const call = this.starting(
      isolate,
      `getOrCreateMany a, e:a ${shownWish(wish)}`,
      Math.max(wish.swr, wish.staleIfError),
    )
    call.due = false // what L1 has is given as it is, though others are asked for
    const factory = async (missing: readonly string[]): Promise<Map<string, unknown>> => {
      const made = missing.map(
        async (key) =>
          [key, await this.make(call, rootPlace(key), { ...wish, late: false }, undefined)] as const,
      )
      const all = await Promise.all(made)
      for (const [, value] of all) this.reference.handed(value as Value, this.timeline.elapsed)
      return new Map(all)
    }
    this.giving(
      call,
      () => isolate.cache.getOrCreateMany(['a', 'e:a'], factory, optionsOf({ ...wish, late: false })),
      (found) => [...found].map(([key, value]) => [rootPlace(key), value]),
    )
  }

  /** The factory: it sees the data as they are when it begins, and takes its time. */
  make(call: Call, place: Place, wish: Wish, context: LoadContext | undefined): Promise<unknown> {
    this.loads++
    const began = this.next()
    const value = this.reference.value(place)
    const stale = context?.stale?.value as Value | undefined
    if (stale !== undefined) this.accept(call, place, stale, true)
    this.note(`  the factory of ${call.text} begins with data ${value.version}`)
    const { ttl } = wish
    const made = { began, tags: tagsOf(wish), ttl, window: Math.max(wish.swr, wish.staleIfError) }
    return new Promise((resolve, reject) => {
      const finish = (end: End): void => {
        this.note(`  the factory of ${call.text} ends: ${end} ${value.id}`)
        if (wish.late && context !== undefined) context.tags = tagsOf(wish)
        if (end === 'fail') return reject(new Error('the origin is down'))
        if (end === 'skip') context?.skip()
        const same = end === 'notModified' && context !== undefined && stale?.version === value.version
        this.reference.made(same ? stale : value, { ...made, now: this.timeline.elapsed })
        if (!same) return resolve(value)
        try {
          context.notModified()
        } catch (error) {
          reject(error as Error)
        }
      }
      if (wish.end === 'later') this.runs.push({ text: call.text, finish })
      else finish(wish.end)
    })
  }
}
