// @ts-check
import { beforeEach } from 'vitest'

/** Tests that show with large numbers what others show with small ones: a mutant that none of those notices would wait for them. */
const long = [
  'depth of 100,000 levels is refused',
  'depth of any other size',
  'many of them at once are all stopped',
  'records of loads that never end stay within bounds',
  'stays within its budget for a million keys',
  '10000 callers of a cold key share one load',
  'a thousand who joined a dead request',
]

beforeEach(({ task, skip }) => {
  const name = `${task.suite?.name ?? ''} ${task.name}`
  if (long.some((each) => name.includes(each))) skip()
})
