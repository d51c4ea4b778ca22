import { removeByPattern } from '../../src/admin/index.ts'
import { compareAndSwap, setIfExists, setIfNotExists } from '../../src/atomic/index.ts'
import type { Isolate } from './isolate.ts'
import { Reads } from './reads.ts'
import type { Execution } from './ledger.ts'
import { type Barrier, nameOf, physicalKeyOf, type Place, type Value } from './reference.ts'
import type { Wish } from './steps.ts'
import { lifeOf, places, shownWish, writeOptions } from './wishes.ts'

/** What isolates write, and take away. */
export class Writes extends Reads {
  setOne(
    isolate: Isolate,
    how: 'set' | 'setIfNotExists' | 'setIfExists' | 'compareAndSwap',
    place: Place,
    wish: Wish,
  ): void {
    const expected = this.lastRead.get(`${isolate.name} ${nameOf(place)}`)
    this.change([place])
    const value = this.reference.value(place)
    const { cache, options } = { cache: isolate.at(place), options: writeOptions(wish) }
    if (how === 'set' && wish.solo)
      return this.writeLocal(isolate, `set ${nameOf(place)}`, [[place, value]], wish, () =>
        cache.set(place.key, value, { ...options, l2: false }),
      )
    this.write(isolate, `${how} ${nameOf(place)}`, [[place, value]], wish, async () => {
      if (how === 'set') await cache.set(place.key, value, options)
      else if (how === 'setIfNotExists') return setIfNotExists(cache, place.key, value, options)
      else if (how === 'setIfExists') return setIfExists(cache, place.key, value, options)
      else return compareAndSwap(cache, place.key, expected ?? { none: true }, value, options)
      return true
    })
  }

  setMany(isolate: Isolate, wish: Wish): void {
    const written = places.slice(0, 2)
    this.change(written)
    const values = written.map((place) => [place, this.reference.value(place)] as const)
    const pairs = values.map(([{ key }, value]) => [key, value] as const)
    const options = writeOptions(wish)
    if (wish.solo)
      return this.writeLocal(isolate, 'setMany a, e:a', values, wish, () =>
        isolate.cache.setMany(pairs, { ...options, l2: false }),
      )
    this.write(isolate, 'setMany a, e:a', values, wish, async () => {
      await isolate.cache.setMany(pairs, options)
      return true
    })
  }

  /** What leaves L2 out is of its isolate alone: nobody is promised that it is there, or that nothing older is. */
  writeLocal(
    isolate: Isolate,
    what: string,
    values: readonly (readonly [Place, Value])[],
    wish: Wish,
    run: () => Promise<void>,
  ): void {
    const [began, now] = [this.next(), this.timeline.elapsed]
    for (const [, value] of values) this.reference.made(value, { life: lifeOf(wish), began, now })
    isolate.came(values.map(([, { id }]) => id))
    const call = this.starting(
      isolate,
      `${what} = ${values.map(([, { id }]) => id).join(', ')} ${shownWish(wish)}`,
    )
    this.track(call, run, {}, () => this.note(`${call.text} is done`))
  }

  write(
    isolate: Isolate,
    what: string,
    values: readonly (readonly [Place, Value])[],
    wish: Wish,
    run: () => Promise<boolean>,
  ): void {
    const text = `${what} = ${values.map(([, { id }]) => id).join(', ')} ${shownWish(wish)}`
    for (const [, value] of values) this.reference.written(value, lifeOf(wish))
    const began = this.next()
    const call = this.starting(isolate, text)
    this.track(call, run, { redis: true }, (stored) => {
      this.note(`${call.text} ${stored ? 'is done' : 'is not done'}`)
      if (!stored) return
      for (const [place, value] of values) {
        const at = this.reference.takenAt(value) || began
        this.done(isolate, { text: call.text, at, soft: false, covers: (other) => other === place })
      }
    })
  }

  invalidate(
    isolate: Isolate,
    what: string,
    given: {
      soft?: boolean
      script: string
      place?: Place
      covers: Barrier['covers']
      run: () => Promise<void>
    },
  ): void {
    const began = this.next()
    const call = this.starting(isolate, what)
    const isOfKey = ({ words }: Execution): boolean =>
      given.place === undefined || words.includes(physicalKeyOf(given.place))
    const isOfIt = (each: Execution): boolean =>
      each.at > began && each.isolate === isolate && each.name === given.script && isOfKey(each)
    this.track(call, given.run, { redis: true }, () => {
      this.note(`${call.text} is done`)
      const at = this.executions.find(isOfIt)?.at ?? this.next()
      this.done(isolate, { text: call.text, at, soft: given.soft === true, covers: given.covers })
    })
  }

  /** All that was there all the time goes, and nothing else needs to. */
  removePattern(isolate: Isolate, inside: boolean): void {
    const [namespace, began] = [inside ? 'e' : undefined, this.next()]
    const covered = places.filter((place) => place.namespace === namespace)
    const before = new Map(covered.map((place) => [place, this.shelf.get(physicalKeyOf(place))]))
    const call = this.starting(isolate, `removeByPattern *${inside ? ' in e' : ''}`)
    const run = (): Promise<number> => removeByPattern(isolate.at({ namespace, key: '' }), '*')
    this.track(call, run, { redis: true }, (count) => {
      this.note(`${call.text} removed ${count}`)
      for (const [place, held] of before) {
        const key = physicalKeyOf(place)
        const removal = this.executions.find(
          (each) =>
            each.at > began &&
            each.isolate === isolate &&
            each.name === 'RemoveEntries' &&
            each.words.includes(key),
        )
        const { at } = removal ?? {}
        if (at !== undefined)
          this.done(isolate, { text: call.text, at, soft: false, covers: (other) => other === place })
        else if (
          held !== undefined &&
          held === this.shelf.get(key) &&
          Math.min(...this.reference.endsOf(held.id)) > this.timeline.elapsed
        )
          this.fail(`${call.text} left ${nameOf(place)}`)
      }
    })
  }

  done(isolate: Isolate, given: Omit<Barrier, 'resolved'>): void {
    const barrier = { ...given, resolved: this.next() }
    isolate.done.push(barrier)
    this.reference.barriers.push(barrier)
  }
}
