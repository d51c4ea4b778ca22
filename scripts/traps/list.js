// @ts-check
// The traps of the protocol of coherence (docs/coherence.md): each a way in which one rule less gives old values away. A bug
// that falls into it is planted by replacing text of the sources; the tests named with it have to notice.

/**
 * @typedef {readonly [file: string, from: string, to: string]} Edit
 * @typedef {{ trap: string, what: string, edits: readonly Edit[], tests: readonly string[] }} Planted
 * @typedef {{ trap: string, why: string }} LeftOut
 */

const model = 'test/model'
const unit = (/** @type {string} */ name) => `test/unit/coherence/${name}.test.ts`

const coherence = 'src/coherence/coherence.ts'
const versions = 'src/coherence/versions.ts'
const keep = 'src/read/keep.ts'
const lua = (/** @type {string} */ name) => `src/lua/${name}.lua`

/** Where nothing can be planted. @type {readonly LeftOut[]} */
export const leftOut = [
  {
    trap: 'V31',
    why: 'a replica that lags behind another isolate is part of the promise ("plus the lag"); that of the own isolate is planted',
  },
]

/** @type {readonly Planted[]} */
export const planted = [
  {
    trap: 'V1',
    what: 'the version is read after the entry',
    edits: [
      [
        'src/read/news.ts',
        `    const first = ask()
    // What has to wait for a write first does so within the same deadline.
    const reply = await (core.redis?.turn !== undefined
      ? askMore(core, readings[0] as Reading, send)
      : send())`,
        `    const sending = send()
    const first = ask()
    const reply = await sending`,
      ],
    ],
    tests: [unit('first-request')],
  },
  {
    trap: 'V2',
    what: 'a reply from before an invalidation that was learnt fills L1',
    edits: [[coherence, "marks.raise(localKey, version, { except: asking, keepsStale: kind === 'y' })", '']],
    tests: [unit('check'), model],
  },
  {
    trap: 'V3',
    what: 'of two first requests the older one fills L1',
    edits: [
      [coherence, 'marks.raiseAll(version, asking)', ''],
      [coherence, 'marks.raiseOf(asking, this.versions.applied)', '{}'],
    ],
    tests: [unit('first-request'), model],
  },
  {
    trap: 'V4',
    what: 'what was set before the first request outlives what the others did since',
    edits: [[coherence, 'local.dropBelow(version)', '']],
    tests: [unit('first-request'), model],
  },
  {
    trap: 'V5',
    what: 'a late reply lowers the version of a tag',
    edits: [
      [versions, 'hard <= known.hard && soft <= known.soft', 'hard === known.hard && soft === known.soft'],
      [
        versions,
        '{ hard: Math.max(hard, known?.hard ?? 0), soft: Math.max(soft, known?.soft ?? 0), partial }',
        '{ hard: told.hard ?? known?.hard ?? 0, soft: told.soft ?? known?.soft ?? 0, partial }',
      ],
    ],
    tests: [unit('versions'), model],
  },
  {
    trap: 'V5',
    what: 'a late reply tells of a tag what it was before the horizon',
    edits: [[coherence, 'if (version >= this.versions.horizon)', 'if (version > 0)']],
    tests: [unit('reset'), model],
  },
  {
    trap: 'V6',
    what: 'an own write counts as a look at the log',
    edits: [
      [
        versions,
        'if (this.ready && version === this.applied + 1) this.applied = version',
        'if (this.ready) this.applied = Math.max(this.applied, version)',
      ],
    ],
    tests: [unit('versions'), unit('check'), model],
  },
  {
    trap: 'V7',
    what: 'the log counts as read up to the highest version seen',
    edits: [
      [
        coherence,
        'this.versions.applied = Math.max(this.versions.applied, top)',
        'this.versions.applied = Math.max(this.versions.applied, top, this.versions.seen)',
      ],
    ],
    tests: [unit('check'), model],
  },
  {
    trap: 'V8',
    what: 'an entry is judged before the log that came with it',
    edits: [
      ['src/read/news.ts', `news: await first.news }`, `news: 'ok' as Awaited<Asking['news']> }`],
      [
        coherence,
        'const changes = parseLog(await this.#send(readLog(this.logKey, from), asking))',
        'const changes = parseLog(await this.#send(readLog(this.logKey, from), asking).then((reply) => new Promise<Reply>((resolve) => void setTimeout(resolve, 0, reply))))',
      ],
    ],
    tests: [unit('check'), model],
  },
  {
    trap: 'V9',
    what: 'a reset forgets what the isolate itself did',
    edits: [
      [
        versions,
        `    this.#tags.clear()\n    this.ready = false`,
        `    this.#tags.clear()\n    this.#own.clear()\n    this.ready = false`,
      ],
    ],
    tests: [unit('versions'), unit('reset'), model],
  },
  {
    trap: 'V9',
    what: 'a reset leaves the operations in flight alone',
    edits: [
      [coherence, 'this.#parts.marks.raiseAll(Math.max(top, this.versions.seen), undefined)', ''],
      [coherence, 'marks.raiseAll(version, asking)', ''],
    ],
    tests: [unit('reset'), model],
  },
  {
    trap: 'V9',
    what: 'the log is held against what was learnt since it was asked',
    edits: [[coherence, 'top < from ||', 'top < this.versions.applied ||']],
    tests: [unit('check'), unit('reset'), model],
  },
  {
    trap: 'V10',
    what: 'tags are read without the version of everything',
    edits: [
      [
        coherence,
        'this.start(version, { star, asking, sentAt })',
        'this.start(version, { star: this.versions.ready ? 0 : star, asking, sentAt })',
      ],
    ],
    tests: [unit('unseeded'), model],
  },
  {
    trap: 'V11',
    what: 'a full map of tags forgets',
    edits: [[versions, 'this.horizon = Math.max(this.horizon, value.hard, value.soft)', 'void value']],
    tests: [unit('versions')],
  },
  {
    trap: 'V12',
    what: 'L1 keeps a copy under what the isolate knows',
    edits: [
      [
        keep,
        'const facts = factsOf(header, read.view)\n  core.local.put',
        'const facts = { ...factsOf(header, read.view), stamp: core.coherence.versions.seen }\n  core.local.put',
      ],
    ],
    tests: [unit('fence'), model],
  },
  {
    trap: 'V13',
    what: 'a load takes its stamp when its factory ends',
    edits: [
      [
        'src/load/make.ts',
        '  flight.tags = call.view.tagAddresses(options.tags ?? [])\n',
        '  flight.tags = call.view.tagAddresses(options.tags ?? [])\n  flight.stamp = core.coherence.versions.seen\n',
      ],
    ],
    tests: [unit('writes'), model],
  },
  {
    trap: 'V14',
    what: 'a set has a stamp below its own version',
    edits: [
      [
        lua('set_entry'),
        `redis.call('SET', KEYS[2], 'h1|e|' .. digits(version) .. ARGV[1], 'PX', ARGV[2])`,
        `redis.call('SET', KEYS[2], 'h1|e|' .. digits(version - 1) .. ARGV[1], 'PX', ARGV[2])`,
      ],
    ],
    tests: ['test/lua/set-and-remove.test.ts', model],
  },
  {
    trap: 'V15',
    what: 'acknowledgements out of order leave the older value in L1',
    edits: [
      [keep, '  if (mark.overtaken || stamp < mark.version) return false\n', ''],
      [
        keep,
        'return held === undefined || held.facts.stamp <= stamp || !isFreshLocally(held, core.settings.clock.now())',
        'return held === undefined || isFreshLocally(held, stamp) || stamp >= 0',
      ],
    ],
    tests: [unit('fence'), model],
  },
  {
    trap: 'V16',
    what: 'the log drops a copy that is newer than it',
    edits: [
      [
        coherence,
        `if (kind === 'k') local.dropOlder(localKey, version)`,
        `if (kind === 'k') local.remove(localKey)`,
      ],
    ],
    tests: [unit('check')],
  },
  {
    trap: 'V17',
    what: 'what lives shortly is gone before a slow load ends',
    edits: [
      [
        'src/entry/freshness.ts',
        'return Math.max(unusedTtl(life) + life.staleFor, fence)',
        'return Math.min(unusedTtl(life) + life.staleFor, unusedTtl(life) + life.staleFor + fence)',
      ],
    ],
    tests: [unit('fence'), model],
  },
  {
    trap: 'V18',
    what: 'a removal by pattern deletes the fences',
    edits: [
      [
        'src/admin/remove-by-pattern.ts',
        'await removeEverywhere(parts.core, parts.view, batch)',
        'await parts.redis.remove(batch.map((key) => base + key))',
      ],
    ],
    tests: ['test/integration/admin/remove-by-pattern.test.ts', 'test/unit/admin/remove-by-pattern.test.ts'],
  },
  {
    trap: 'V19',
    what: 'a removal leaves no tombstone',
    edits: [
      [
        lua('remove_entries'),
        `for i = 2, last do redis.call('SET', KEYS[i], tombstone(digits(version)), 'PX', ARGV[1]) end`,
        `for i = 2, last do redis.call('DEL', KEYS[i]) end`,
      ],
    ],
    tests: ['test/lua/set-and-remove.test.ts', model],
  },
  {
    trap: 'V19',
    what: 'a fill writes over whatever is there',
    edits: [
      [
        lua('fill_entry'),
        'if not fillable(bytes, ARGV[1], stamp) then return 0 end',
        `if not fillable(bytes, ARGV[1], stamp) and bytes == '' then return 0 end`,
      ],
    ],
    tests: ['test/lua/fill.test.ts', model],
  },
  {
    trap: 'V20',
    what: 'a load that is slower than the fence is stored',
    edits: [
      [
        'src/load/fill.ts',
        'return startedAt + fence - link.timeout',
        'return startedAt + Infinity * fence * link.timeout',
      ],
    ],
    tests: [unit('fence'), model],
  },
  {
    trap: 'V21',
    what: 'the version of a tag ends before the entries that have it',
    edits: [
      ['src/write/tags.ts', 'ttl: core.settings.maxTtl + core.settings.fence', 'ttl: core.settings.fence'],
    ],
    tests: [unit('fence'), model],
  },
  {
    trap: 'V22',
    what: 'an entry that is refused counts as nothing, and can never be replaced',
    edits: [
      [
        'src/load/look.ts',
        'return { seen: headIn(reply), lease: undefined }\n  flight.looked.open',
        `return { seen: previous === undefined ? '' : headIn(reply), lease: undefined }\n  flight.looked.open`,
      ],
    ],
    tests: [unit('fence'), model],
  },
  {
    trap: 'V23',
    what: 'a new isolate does not hear of a clear',
    edits: [[coherence, 'this.versions.learnStar(star)', 'void star']],
    tests: [unit('first-request'), model],
  },
  {
    trap: 'V24',
    what: 'a tag that is not known is trusted',
    edits: [
      [
        versions,
        `if (known?.partial !== false && stamp < this.horizon) verdict = 'unknown'`,
        `if (known?.partial !== false && stamp < 0) verdict = 'unknown'`,
      ],
    ],
    tests: [unit('versions'), unit('first-request'), model],
  },
  {
    trap: 'V25',
    what: 'a database without versions is believed',
    edits: [[coherence, `      return 'unseeded'\n`, `      return 'ok'\n`]],
    tests: [unit('unseeded'), model],
  },
  {
    trap: 'V25',
    what: 'a counter that nobody has seeded yet is believed',
    edits: [
      [coherence, 'version === undefined || version < lowestSeed', 'version === undefined || version === 0'],
    ],
    tests: [unit('unseeded'), model],
  },
  {
    trap: 'V25',
    what: 'new versions do not end what came before the flush',
    edits: [
      [
        lua('seed_versions'),
        "redis.call('SET', KEYS[2], digits(version))",
        "redis.call('SET', KEYS[2], '0')",
      ],
    ],
    tests: ['test/lua/seeding.test.ts', model],
  },
  {
    trap: 'V26',
    what: 'a log that does not reach back is taken for all of it',
    edits: [
      [
        coherence,
        'if (changes === undefined || top < from || changes.length > logLength || top - from > logLength) {',
        'if (changes === undefined) {',
      ],
    ],
    tests: [unit('reset'), model],
  },
  {
    trap: 'V26',
    what: 'where the log does not reach back L1 goes, and what is known of tags stays',
    edits: [
      [coherence, `        this.#reset(top)\n        return 'again'`, '        this.#parts.local.clear()'],
    ],
    tests: [unit('reset'), model],
  },
  {
    trap: 'V27',
    what: 'calls join a load from before what they have to see',
    edits: [
      [
        'src/load/load.ts',
        'if (flight === undefined || flight.mark.version > flight.stamp || flight.mark.overtaken) return undefined',
        'if (flight === undefined) return undefined',
      ],
      [
        'src/load/load.ts',
        'return core.coherence.versions.spares(flight.stamp, call.place.localKey, flight.tags) ? flight : undefined',
        'return flight',
      ],
    ],
    tests: [unit('writes'), model],
  },
  {
    trap: 'V28',
    what: 'the end of a load ends the one that took its place',
    edits: [
      [
        'src/load/flights.ts',
        'if (this.#byId.get(flight.id) === flight) this.#byId.delete(flight.id)',
        'this.#byId.delete(flight.id)',
      ],
    ],
    tests: [unit('writes')],
  },
  {
    trap: 'V29',
    what: 'a removal whose reply was lost resolves',
    edits: [['src/write/remove.ts', `throw report(core, 'remove', error)`, `report(core, 'remove', error)`]],
    tests: [unit('writes'), model],
  },
  {
    trap: 'V30',
    what: 'a set is sent again by itself, and may end what came in between',
    edits: [
      [
        'src/write/replace.ts',
        'return runVersioned(core, SetEntry, {',
        'return runVersioned(core, { ...SetEntry, idempotent: true }, {',
      ],
    ],
    tests: [model],
  },
  {
    trap: 'V31',
    what: 'an isolate forgets what it did itself, and believes a replica that lags',
    edits: [
      [
        versions,
        'if (version > (this.#own.peek(localKey) ?? 0)) this.#own.set(localKey, version)',
        'void localKey',
      ],
    ],
    tests: [unit('fence'), unit('versions'), model],
  },
  {
    trap: 'V32',
    what: 'a namespace and a key can be taken for another key',
    edits: [['src/redis/keys.ts', '`n:${namespace}:${kind}:${key}`', '`${kind}:${namespace}:${key}`']],
    tests: ['test/unit/redis/keys.test.ts', model],
  },
  {
    trap: 'V33',
    what: 'the interval is measured from the reply',
    edits: [
      [
        coherence,
        '      this.#checkedAt = Math.max(this.#checkedAt, sentAt)\n      return',
        '      this.#checkedAt = this.#parts.clock.monotonic()\n      return',
      ],
    ],
    tests: [unit('check')],
  },
  {
    trap: 'V34',
    what: 'a tombstone counts as a value for a write that must not replace one',
    edits: [
      [
        lua('set_entry_if_not_exists'),
        `  if verdict == 'alive' then return { 0, 0, false } end\nend`,
        `  if verdict == 'alive' then return { 0, 0, false } end\nend\nif found[1] then return { 0, 0, false } end`,
      ],
    ],
    tests: ['test/lua/entries.test.ts', 'test/integration/coherence/conditional.test.ts'],
  },
  {
    trap: 'V34',
    what: 'a write that must replace a value replaces a tombstone',
    edits: [
      [
        lua('set_entry_if_exists'),
        "if verdict == 'none' then return { 0, 0, false } end",
        "if verdict == 'none' and not found[1] then return { 0, 0, false } end",
      ],
      [
        lua('set_entry_if_exists'),
        'if not readable(entry, ARGV[2]) then return { 0, 0, false } end',
        'if not readable(entry, ARGV[2]) and entry then return { 0, 0, false } end',
      ],
      [
        lua('set_entry_if_exists'),
        'verdict, ended_by = by_tags(entry, found, ARGV[7], ARGV[8], ARGV[9])',
        'if entry then verdict, ended_by = by_tags(entry, found, ARGV[7], ARGV[8], ARGV[9]) end',
      ],
    ],
    tests: ['test/lua/entries.test.ts', 'test/integration/coherence/conditional.test.ts'],
  },
]
