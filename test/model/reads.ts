import { getAndExtend } from '../../src/atomic/index.ts'
import type { BatchContext, LoadContext } from '../../src/index.ts'
import type { Isolate } from './isolate.ts'
import { type Call, Ledger } from './ledger.ts'
import { callers } from './network.ts'
import { nameOf, type Place, type Value } from './reference.ts'
import type { End, Wish } from './steps.ts'
import { lifeOf, optionsOf, places, rootPlace, shown, shownWish, tagsOf } from './wishes.ts'

/** What a factory is told, and may say: of one key among many it says less. */
type Context = Pick<LoadContext, 'signal' | 'skip'> &
  Partial<Pick<LoadContext, 'stale' | 'notModified' | 'tags'>>

/** What isolates read. */
export class Reads extends Ledger {
  getOne(
    isolate: Isolate,
    place: Place,
    { l1, tags = [], always = false }: { l1: boolean; tags?: readonly string[]; always?: boolean },
  ): void {
    const call = this.starting(isolate, `get ${nameOf(place)}${tags.length > 0 ? ` (tags: ${tags})` : ''}`)
    this.giving(call, {
      run: () => isolate.at(place).get(place.key, { l1, tags }),
      given: (value) => [[place, value]],
      always,
    })
  }

  getLocal(isolate: Isolate, place: Place): void {
    const call = this.starting(isolate, `getLocal ${nameOf(place)}`)
    this.waiting.delete(call)
    const value: unknown = callers.run(call, () => isolate.at(place).getLocal(place.key))
    this.note(`${call.text} gives ${shown(value)}`)
    if (value !== undefined) this.accept(call, place, value)
    if (call.sent > 0) this.fail(`${call.text} asks Redis`)
  }

  getMany(isolate: Isolate, tags: readonly string[]): void {
    const call = this.starting(isolate, `getMany a, e:a${tags.length > 0 ? ` (tags: ${tags})` : ''}`)
    const keys = ['a', 'e:a']
    for (const key of keys) if (isolate.cache.getLocal(key) !== undefined) call.local.add(key)
    this.giving(call, {
      run: () => isolate.cache.getMany(keys, { tags }),
      given: (found) => keys.map((key) => [rootPlace(key), found.get(key)]),
    })
  }

  extend(isolate: Isolate, place: Place, { ttl, late }: Wish): void {
    const others = places.filter((other) => other !== place && other.namespace === place.namespace)
    const related = late ? others.map(({ key }) => key) : []
    const call = this.starting(isolate, `getAndExtend ${[nameOf(place), ...related].join()} for ${ttl} ms`)
    this.giving(call, {
      run: () => getAndExtend(isolate.at(place), place.key, ttl, { related }),
      given: (value) => {
        for (const [id, at] of call.prolonged) isolate.prolonged.push({ id, at, resolved: this.next() })
        return [[place, value]]
      },
      rejects: { redis: true },
    })
  }

  load(isolate: Isolate, place: Place, wish: Wish): void {
    const call = this.starting(isolate, `getOrCreate ${nameOf(place)} ${shownWish(wish)}`, wish)
    const factory = (context: LoadContext): Promise<unknown> => this.make(call, place, wish, context)
    const signal = this.signalOf(wish)
    this.giving(call, {
      run: () => isolate.at(place).getOrCreate(place.key, factory, { ...optionsOf(wish), ...signal }),
      given: (value) => [[place, value]],
      rejects: { load: wish, place, ...signal },
      always: true,
    })
  }

  loadMany(isolate: Isolate, wish: Wish): void {
    const call = this.starting(isolate, `getOrCreateMany a, e:a ${shownWish(wish)}`, wish)
    call.due = false // what L1 has is given as it is, though others are asked for
    const asked = { ...wish, late: false }
    const factory = async (
      missing: readonly string[],
      batch: BatchContext,
    ): Promise<Map<string, unknown>> => {
      const all = await Promise.all(
        missing.map(async (key) => {
          const skip = (): void => batch.skip(key)
          const value = await this.make(call, rootPlace(key), asked, { signal: batch.signal, skip })
          return [key, value] as const
        }),
      )
      for (const [, value] of all) this.reference.handed(value as Value, this.timeline.elapsed)
      isolate.came(all.map(([, value]) => (value as Value).id))
      return new Map(all)
    }
    const keys = ['a', 'e:a']
    const signal = this.signalOf(wish)
    this.giving(call, {
      run: () => isolate.cache.getOrCreateMany(keys, factory, { ...optionsOf(asked), ...signal }),
      given: (found) => keys.map((key) => [rootPlace(key), found.get(key)]),
      rejects: { load: wish, ...signal },
      always: true,
    })
  }

  /** What a factory throws. */
  down({ isolate }: Call): Error {
    const error = new Error('the origin is down')
    this.thrown.set(error, { isolate, at: this.next(), turn: this.turn })
    return error
  }

  /** What ends the call, if anything. */
  signalOf({ leaves }: Wish): { signal?: AbortSignal } {
    if (!leaves) return {}
    const controller = new AbortController()
    this.leavers.push(controller)
    return { signal: controller.signal }
  }

  /** The factory: it sees the data as they are when it begins, and takes its time. */
  make(call: Call, place: Place, wish: Wish, context: Context): Promise<unknown> {
    this.loads++
    const began = this.next()
    const value = this.reference.value(place)
    const stale = context.stale?.value as Value | undefined
    if (stale !== undefined) this.offered(call, place, stale)
    this.note(`  the factory of ${call.text} begins with data ${value.version}`)
    return new Promise((resolve, reject) => {
      const finish = (end: End): void => {
        this.note(`  the factory of ${call.text} ends: ${end} ${value.id}`)
        if (wish.late) context.tags = tagsOf(wish)
        if (end === 'fail') return reject(this.down(call))
        if (end === 'skip') context.skip()
        const { notModified } = context
        const same = end === 'notModified' && notModified !== undefined && stale?.version === value.version
        const now = this.timeline.elapsed
        if (end === 'skip' || context.signal.aborted) this.reference.kept.set(value.id, now)
        this.reference.made(same ? stale : value, { life: lifeOf(wish), began, now })
        call.isolate.came([(same ? stale : value).id])
        if (!same) return resolve(value)
        try {
          context.notModified?.()
        } catch (error) {
          reject(error as Error)
        }
      }
      if (wish.end === 'later') this.runs.push({ text: call.text, finish })
      else finish(wish.end)
    })
  }
}
