// @ts-check
// The same for push, which must never be needed nor believed: each rule of it that is turned off, and the tests that notice.

/** @typedef {import('./list.js').Planted} Planted */

const news = 'src/push/news.ts'
const rumours = 'src/push/rumours.ts'
const listener = 'src/push/listener.ts'
const sse = 'src/redis/event-stream.ts'
const unit = (/** @type {string} */ name) => `test/unit/push/${name}.test.ts`
const http = 'test/integration/coherence/push-connection.test.ts'
const whole = 'test/integration/coherence/push.test.ts'

/** @type {readonly Planted[]} */
export const pushed = [
  {
    trap: 'P1',
    what: 'a version that push tells of gets into stamps',
    edits: [
      [
        news,
        '    this.#host.versions.epoch++',
        '    this.#host.versions.epoch++\n    this.#host.versions.see(versions.hard ?? versions.soft ?? 0)',
      ],
    ],
    tests: [unit('rumours')],
  },
  {
    trap: 'P2',
    what: 'a message moves the place up to which the log was read',
    edits: [
      [
        news,
        '    this.#remember(name, change.version)',
        '    this.#remember(name, change.version)\n    this.#host.versions.applied = change.version',
      ],
    ],
    tests: [unit('rumours')],
  },
  {
    trap: 'P3',
    what: 'a copy that is newer than the news goes as well',
    edits: [[news, 'local.dropOlder(localKey, version)', 'local.remove(localKey)']],
    tests: [unit('rumours')],
  },
  {
    trap: 'P4',
    what: 'what is in flight for a key that was changed is kept',
    edits: [[news, "    marks.raise(localKey, version, { keepsStale: kind === 'y' })\n", '    void marks\n']],
    tests: [unit('rumours')],
  },
  {
    trap: 'P5',
    what: 'after a connection nobody looks at what was missed',
    edits: [[news, '        this.#rumours.wantLook() // what was said before is missing\n', '']],
    tests: [unit('connection')],
  },
  {
    trap: 'P6',
    what: 'a look ends the rumours that came after it was sent',
    edits: [[rumours, 'else if (asked === this.#wanted) this', 'else this']],
    tests: [unit('rumours')],
  },
  {
    trap: 'P7',
    what: 'a look that failed counts',
    edits: [[rumours, 'if (!ok) this.#asked = Math.min(this.#asked, before)', 'if (!ok) return']],
    tests: [unit('rumours')],
  },
  {
    trap: 'P8',
    what: 'a cache takes its own writes for news',
    edits: [[news, '    if (sender === this.#sender) return', '    if (sender === "") return']],
    tests: [whole],
  },
  {
    trap: 'P9',
    what: 'the log tells again what push has told',
    edits: [[news, '    if (this.#told.has(nameOf(change))) return true\n', '']],
    tests: [unit('rumours')],
  },
  {
    trap: 'P10',
    what: 'a version that cannot be is taken',
    edits: [['src/push/message.ts', '(now + margin) * 1000', '(now + 9 * margin) * 1000']],
    tests: [unit('rumours')],
  },
  {
    trap: 'P11',
    what: 'names go as they are',
    edits: [['src/push/message.ts', 'encodeURIComponent(member)', 'member']],
    tests: [whole],
  },
  {
    trap: 'P12',
    what: 'close leaves the connection',
    edits: [[listener, '    this.#endNow?.(false)\n', '']],
    tests: [unit('connection')],
  },
  {
    trap: 'P13',
    what: 'it connects again and again at the same pace',
    edits: [[listener, 'this.#failures = good ? 0 : this.#failures + 1', 'this.#failures = good ? 0 : 1']],
    tests: [unit('connection')],
  },
  {
    trap: 'P14',
    what: 'a connection that died without a word stays',
    edits: [[news, '    this.#listener?.restart()\n', '']],
    tests: [unit('connection')],
  },
  {
    trap: 'P15',
    what: 'a connection that lives is taken for dead',
    edits: [
      [news, '    if (message.version >= (this.#missed?.version ?? 0)) this.#missed = undefined\n', ''],
    ],
    tests: [unit('connection')],
  },
  {
    trap: 'P16',
    what: 'a write fails where it may not publish',
    edits: [['src/lua/set_entry.lua', "redis.pcall('PUBLISH'", "redis.call('PUBLISH'"]],
    tests: ['test/lua/push.test.ts'],
  },
  {
    trap: 'P17',
    what: 'the channel and the message end up in the log',
    edits: [['src/lua/includes/_log.lua', 'for i = from, to do', 'for i = from, #words do']],
    tests: ['test/lua/push.test.ts'],
  },
  {
    trap: 'P18',
    what: 'a redirect is followed',
    edits: [[sse, "redirect: 'manual'", "redirect: 'follow'"]],
    tests: [http],
  },
  {
    trap: 'P19',
    what: 'a line without an end is kept for ever',
    edits: [['src/redis/lines.ts', 'const longestLine = 2 ** 18', 'const longestLine = Infinity']],
    tests: [http],
  },
  {
    trap: 'P20',
    what: 'what an ended connection still says is heard',
    edits: [[listener, '        if (!over) onMessage(message)', '        onMessage(message)']],
    tests: [unit('connection')],
  },
  {
    trap: 'P21',
    what: 'a copy with a tag that is said to be removed is believed',
    edits: [['src/read/local.ts', "coherence.push?.judge(stamp, tags) ?? 'ok'", "'ok'"]],
    tests: [unit('rumours')],
  },
  {
    trap: 'P22',
    what: 'rumours end only when they prove true',
    edits: [[rumours, ') this.#tags.clear()', ') return']],
    tests: [unit('rumours')],
  },
  {
    trap: 'P23',
    what: 'a subscription that is never confirmed is waited for',
    edits: [[listener, 'const longestWait = 10_000', 'const longestWait = 2 ** 31 - 1']],
    tests: [unit('connection')],
  },
  {
    trap: 'P24',
    what: 'a conditional write tells nobody',
    edits: [['src/atomic/store-if.ts', '      ...pushWords(core, [member]),\n', '']],
    tests: [whole],
  },
]
