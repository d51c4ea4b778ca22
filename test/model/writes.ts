import { compareAndSwap, setIfExists, setIfNotExists } from '../../src/atomic/index.ts'
import type { Isolate } from './isolate.ts'
import { Reads } from './reads.ts'
import type { Execution } from './ledger.ts'
import { type Barrier, nameOf, type Place, type Value } from './reference.ts'
import type { Wish } from './steps.ts'
import { places, shownWish, tagsOf, writeOptions } from './wishes.ts'

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
    this.write(isolate, 'setMany a, e:a', values, wish, async () => {
      await isolate.cache.setMany(
        values.map(([{ key }, value]) => [key, value]),
        writeOptions(wish),
      )
      return true
    })
  }

  write(
    isolate: Isolate,
    what: string,
    values: readonly (readonly [Place, Value])[],
    wish: Wish,
    run: () => Promise<boolean>,
  ): void {
    const text = `${what} = ${values.map(([, { id }]) => id).join(', ')} ${shownWish(wish)}`
    const life = { tags: tagsOf(wish), ttl: wish.ttl, window: Math.max(wish.swr, wish.staleIfError) }
    for (const [, value] of values) this.reference.written(value, life)
    const began = this.next()
    const call = this.starting(isolate, text)
    this.track(call, run, (stored) => {
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
    given: { soft?: boolean; script: string; covers: Barrier['covers']; run: () => Promise<void> },
  ): void {
    const began = this.next()
    const call = this.starting(isolate, what)
    const isOfIt = (each: Execution): boolean =>
      each.at > began && each.isolate === isolate && each.name === given.script
    this.track(call, given.run, () => {
      this.note(`${call.text} is done`)
      const at = this.executions.find(isOfIt)?.at ?? this.next()
      this.done(isolate, { text: call.text, at, soft: given.soft === true, covers: given.covers })
    })
  }

  done(isolate: Isolate, given: Omit<Barrier, 'resolved'>): void {
    const barrier = { ...given, resolved: this.next() }
    isolate.done.push(barrier)
    this.reference.barriers.push(barrier)
  }
}
