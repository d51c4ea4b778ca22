import { Isolate } from './isolate.ts'
import { nameOf, type Place } from './reference.ts'
import type { Event, Operation, Step } from './steps.ts'
import { elsewhere, placeAt, places, plain, tags, tagsOf } from './wishes.ts'
import { Writes } from './writes.ts'

/** A fleet of isolates under a random history, and what their reads may give at each of its steps. */
export class Model extends Writes {
  /** Gives the database versions to begin with. */
  async begin(): Promise<void> {
    this.load(
      new Isolate('the first', 0, { network: this.network, timeline: this.timeline }),
      elsewhere,
      plain,
    )
    await this.settle()
    this.history.length = 0
  }

  async step(step: Step): Promise<void> {
    if ('fates' in step) {
      const isolate = this.isolates[step.isolate] as Isolate
      isolate.line.fates = [...step.fates]
      this.operate(step, isolate)
      if (!step.settles) return
    } else await this.happen(step)
    await this.settle()
    this.check()
  }

  async happen(event: Event): Promise<void> {
    switch (event.do) {
      case 'advance':
        await this.settle() // no isolate sleeps between what it does at once
        this.note(`${event.ms} ms pass`)
        return this.timeline.advance(event.ms, () => this.settle())
      case 'finish':
        return this.runs.splice(event.pick % Math.max(1, this.runs.length), 1)[0]?.finish(event.end)
      case 'release':
        return this.network.release(event.pick, event.lose)
      case 'abort':
        this.note('a caller leaves')
        return this.leavers.splice(event.pick % Math.max(1, this.leavers.length), 1)[0]?.abort()
      case 'flush':
        await this.settle()
        this.note('the database is flushed')
        this.reference.flushed = this.next()
        this.shelf.flush()
        return this.server.flush()
      case 'restart':
        this.note(`${this.isolates[event.isolate]?.name} is replaced by a new one`)
        return this.newIsolate(event.isolate)
      case 'cut': {
        const { line } = this.isolates[event.isolate] as Isolate
        line.cut = event.cut
        return this.note(`${line.name} ${event.cut ? 'is cut off' : 'is connected'}`)
      }
      case 'overflow':
        return this.overflow(this.isolates[event.isolate] as Isolate)
      case 'settle':
        return undefined
    }
  }

  check(): void {
    if (this.failure !== undefined) throw this.failure
  }

  async settle(): Promise<void> {
    await this.network.settle()
    this.turn++
  }

  operate(step: Operation, isolate: Isolate): void {
    const { cache } = isolate
    switch (step.do) {
      case 'get':
        return this.getOne(isolate, placeAt(step.place), { l1: step.l1, tags: tagsOf(step) })
      case 'getLocal':
        return this.getLocal(isolate, placeAt(step.place))
      case 'getMany':
        return this.getMany(isolate, tagsOf(step))
      case 'removeByPattern':
        return this.removePattern(isolate, step.inside)
      case 'load':
        return this.load(isolate, placeAt(step.place), step.wish)
      case 'loadMany':
        return this.loadMany(isolate, step.wish)
      case 'getAndExtend':
        return this.extend(isolate, placeAt(step.place), step.wish)
      case 'removeLocal': {
        const place = placeAt(step.place)
        this.note(`${isolate.name}: removeLocal ${nameOf(place)}`)
        return isolate.at(place).removeLocal(place.key)
      }
      case 'remove':
      case 'expire': {
        const place = placeAt(step.place)
        if (step.change) this.change([place])
        const soft = step.do === 'expire'
        return this.invalidate(isolate, `${step.do} ${nameOf(place)}`, {
          soft,
          script: soft ? 'ExpireEntries' : 'RemoveEntries',
          place,
          covers: (other) => other === place,
          run: () => isolate.at(place)[soft ? 'expire' : 'remove'](place.key),
        })
      }
      case 'removeMany':
        this.change(places.slice(0, 2))
        return this.invalidate(isolate, 'remove a, e:a', {
          script: 'RemoveEntries',
          covers: ({ namespace }) => namespace === undefined,
          run: () => cache.remove(['a', 'e:a']),
        })
      case 'removeByTag':
      case 'expireByTag': {
        const tag = tags[step.tag] as string
        const namespace = step.inside ? 'e' : undefined
        if (step.change) this.change(places.filter((place) => place.namespace === namespace))
        return this.invalidate(isolate, `${step.do} ${tag}${step.inside ? ' in e' : ''}`, {
          soft: step.do === 'expireByTag',
          script: 'InvalidateTags',
          covers: (place, ofEntry) => place.namespace === namespace && ofEntry.includes(tag),
          run: () => isolate.at({ namespace, key: '' })[step.do](tag),
        })
      }
      case 'clear':
        if (step.change)
          this.change(places.filter(({ namespace }) => !step.inside || namespace !== undefined))
        return this.invalidate(isolate, `clear${step.inside ? ' of e' : ''}`, {
          script: 'InvalidateTags',
          covers: ({ namespace }) => !step.inside || namespace !== undefined,
          run: () => isolate.at({ namespace: step.inside ? 'e' : undefined, key: '' }).clear(),
        })
      case 'set':
      case 'setIfNotExists':
      case 'setIfExists':
      case 'compareAndSwap':
        return this.setOne(isolate, step.do, placeAt(step.place), step.wish)
      case 'setMany':
        return this.setMany(isolate, step.wish)
    }
  }

  /** So much of others' doing that the log does not reach back. */
  async overflow({ cache, name }: Isolate): Promise<void> {
    this.note(`${name} removes 1500 other keys`)
    const removals = [0, 1, 2].map((part) =>
      cache.remove(Array.from({ length: 500 }, (_, i) => `other ${part} ${i}`)).catch(() => undefined),
    )
    await this.settle()
    void removals
  }

  // The end.

  /** Everything comes to rest, nobody waits for ever, and soon everybody finds again what one of them has made. */
  async end(): Promise<void> {
    this.note('everything comes to rest')
    for (const { line } of this.isolates) Object.assign(line, { cut: false, fates: [] })
    for (let round = 0; round < 20 && this.waiting.size + this.network.held + this.runs.length > 0; round++) {
      for (const run of this.runs.splice(0)) run.finish('value')
      while (this.network.held > 0) await this.network.release(0)
      await this.settle() // what has been answered arrives before time passes
      await this.timeline.advance(round === 0 ? 100 : 6000, () => this.settle())
    }
    this.check()
    const [hanging] = this.waiting
    if (hanging !== undefined) throw new Error(`${hanging.text} never came to an end`)
    await this.timeline.advance(25_000, () => this.settle())
    for (let round = 0; round < 3; round++) await this.probe(round === 2)
  }

  async probe(last: boolean): Promise<void> {
    for (const isolate of this.isolates) {
      for (const place of places) {
        const before = this.loads
        this.load(isolate, place, { ...plain, l1: last })
        await this.rest(isolate)
        if (last && this.loads > before)
          throw new Error(`${isolate.name} loads ${nameOf(place)} again and again`)
        if (last) this.findLocal(isolate, place)
      }
      if (last) {
        for (const place of places) this.getOne(isolate, place, { l1: false, always: true })
        await this.rest(isolate)
      } else await this.timeline.advance(6000, () => this.settle())
    }
  }

  /** L1 has what was just loaded, and gives it without asking. */
  findLocal(isolate: Isolate, place: Place): void {
    const before = this.network.count
    const value: unknown = isolate.at(place).getLocal(place.key)
    if (value === undefined) throw new Error(`L1 of ${isolate.name} does not have ${nameOf(place)}`)
    if (this.network.count > before) throw new Error(`${isolate.name} asks Redis for ${nameOf(place)}`)
  }

  async rest({ name }: Isolate): Promise<void> {
    await this.settle()
    this.check()
    const [waiting] = this.waiting
    if (waiting !== undefined) throw new Error(`${name} waits for ${waiting.text}`)
  }
}
