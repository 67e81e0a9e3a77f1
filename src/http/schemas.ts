/** @file What requests and answers look like. Checks, the OpenAPI page and the client's types come from here. */
import * as z from 'zod'
import type { About, HistoryEvent, ItemAnswer, ItemMap, Recommended, RecommendedBy } from '../serve/service.ts'
import type { Appended } from '../store/event-store.ts'

/** The most that one request may bring or ask for. */
const most = { events: 1000, items: 1000, top: 1000, offset: 10_000, users: 100, history: 1000 } as const

// Messages are what an error expects: they follow "expected".
function text(what: string, longest: number) {
  const told = `${what} of 1 to ${longest} characters, without NUL or half characters`
  // A store may refuse NUL, or write half of a surrogate pair as another character.
  return z
    .string(told)
    .min(1, told)
    .max(longest, told)
    .regex(/^[^\0\p{Cs}]+$/u, told)
}
function whole(least: number, largest: number) {
  const told = `a whole number from ${least} to ${largest}`
  return z.int(told).min(least, told).max(largest, told)
}
function listOf<T extends z.ZodType>(
  one: T,
  what: string,
  { least = 0, longest }: { least?: number; longest: number },
) {
  const told = `a list of ${least} to ${longest} ${what}`
  return z.array(one, told).min(least, told).max(longest, told)
}
const choice = <const T extends readonly [string, ...string[]]>(names: T) =>
  z.enum(names, `one of ${names.map((name) => `"${name}"`).join(', ')}`)

/** A user's or an item's id, as in the log. */
export const id = text('an id', 256)
const name = text('a name', 128)
const value = text('a text', 1000)
const number = z.number('a number')
const flag = z.boolean('true or false')
// The last day that JavaScript can name.
const time = whole(0, 8.64e15).describe('milliseconds since 1970')

const freshEvent = z.strictObject(
  {
    user: id,
    item: id,
    behavior: name,
    time: time.exactOptional().describe('milliseconds since 1970; now by default'),
    id: text('an id', 128).exactOptional().describe('names the event: sent again, it is not stored again'),
  },
  {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? undefined : 'an event: an object with user, item and behavior',
  },
)
const givenEvent = z.strictObject({
  item: id,
  behavior: name.exactOptional().describe('the target by default'),
  time: time.exactOptional(),
})
/** One event or a batch, which is stored as a whole or not at all. */
export const eventsBody = z.union([freshEvent, listOf(freshEvent, 'events', { least: 1, longest: most.events })])

const filter = z.strictObject({
  fields: z
    .record(name, listOf(value, 'values', { least: 1, longest: most.items }))
    .exactOptional()
    .describe('values that a categorical field may have'),
  numbers: z
    .record(name, z.strictObject({ from: number.exactOptional(), to: number.exactOptional() }))
    .exactOptional()
    .describe('ranges of numeric fields, ends included; an unknown number passes none'),
  allow: listOf(id, 'ids', { least: 1, longest: most.items }).exactOptional().describe('only these items'),
  block: listOf(id, 'ids', { longest: most.items }).exactOptional().describe('none of these items'),
})
const listOptions = {
  top: whole(1, most.top).exactOptional().describe('how many items; 10 by default'),
  filter: filter.exactOptional(),
}
const recommendOptions = {
  ...listOptions,
  offset: whole(0, most.offset).exactOptional().describe('how many of the best are skipped'),
  exclude: choice(['seen', 'target', 'none'])
    .exactOptional()
    .describe('which items of the history are left out: every one, those with the target behavior, or none'),
  explain: flag.exactOptional().describe('whether each item comes with its reasons'),
  without: z
    .strictObject({
      behaviors: listOf(name, 'behaviors', { longest: 100 }).exactOptional(),
      modalities: listOf(choice(['image', 'text']), 'modalities', { longest: 2 }).exactOptional(),
    })
    .exactOptional()
    .describe('behaviors and modalities that the model is not shown'),
}
const history = listOf(givenEvent, 'events', { longest: most.history }).describe('oldest first')

export const recommendQuery = z.strictObject(recommendOptions)
export const similarQuery = z.strictObject(listOptions)
export const historyQuery = z.strictObject({ limit: whole(1, most.history).default(50) })
export const usersQuery = z.strictObject({
  prefix: z.string('a text').max(256, 'a text of at most 256 characters').default(''),
  limit: whole(1, most.users).default(20),
})
export const recommendBody = z.strictObject({ history, ...recommendOptions })
export const recommendByBody = z
  .strictObject({ user: id.exactOptional(), history: history.exactOptional(), ...recommendOptions })
  .refine((body) => body.user === undefined || body.history === undefined, 'a user or a history, not both')
export const rankBody = z
  .strictObject({
    user: id.exactOptional(),
    history: history.exactOptional(),
    items: listOf(id, 'ids', { least: 1, longest: most.items }),
    explain: flag.exactOptional(),
  })
  .refine((body) => body.user === undefined || body.history === undefined, 'a user or a history, not both')
export const itemBody = z.strictObject({
  available: flag.default(true).describe('false for an item that is not to be recommended'),
  title: value.exactOptional(),
  fields: z.record(name, value).exactOptional().describe('categorical fields'),
  numbers: z.record(name, number).exactOptional().describe('numeric fields'),
  text: text('a text', 100_000).exactOptional().describe('the text to read, where it is not the title'),
})
// The runs of a body are names and no paths: an answer must not say which folders a machine has.
const runName = z
  .string('the name of a run')
  .regex(/^(?!\.)[\w.-]{1,128}$/, 'the name of a run beside the one that is served')
export const reloadBody = z.strictObject({ retrieve: runName.exactOptional(), rank: runName.exactOptional() })

// Answers are not checked when they are given: they are of the service's types, and the tests check them.
const shares = z.record(z.string(), z.number())
const answeredItem = z.object({
  id: z.string(),
  title: z.string(),
  score: z.number(),
  probability: z
    .number()
    .exactOptional()
    .describe(
      'of a click, calibrated on validation, where a second stage ranked; of a model that learned from drawn samples: of being what the user takes rather than an item drawn at random',
    ),
  fields: z.record(z.string(), z.string()),
  numbers: z.record(z.string(), z.number()),
  picture: z.boolean().describe('whether it has a picture'),
  behaviors: shares.exactOptional().describe('how much each behavior carried the score'),
  modalities: z
    .object({
      id: z.number().exactOptional(),
      image: z.number().exactOptional(),
      text: z.number().exactOptional(),
    })
    .exactOptional()
    .describe('how much each modality carried the score'),
  noise: z
    .array(z.object({ id: z.string(), title: z.string(), behavior: z.string() }))
    .exactOptional()
    .describe('events that the model left out as noise; the same for every item'),
  because: z
    .array(z.object({ id: z.string(), title: z.string(), behavior: z.string(), share: z.number() }))
    .exactOptional()
    .describe('the events that carried it'),
})
const list = z.object({
  items: z.array(answeredItem),
  run: z.string().describe('which run answered'),
  fallback: z.literal('popular').exactOptional().describe('the items are the popular ones: no event could be read'),
  events: z.object({ read: z.int(), fresh: z.int() }).describe('how many were read, and how many of them are new'),
  stages: z.array(z.object({ stage: z.string(), left: z.int() })).exactOptional(),
})
export const recommended: z.ZodType<Recommended> = list
export const recommendedBy: z.ZodType<RecommendedBy> = list.extend({
  modalities: z.array(z.enum(['id', 'image', 'text'])).describe('what the run reads'),
})
export const historyAnswer: z.ZodType<{ readonly events: readonly HistoryEvent[] }> = z.object({
  events: z.array(
    z.object({
      id: z.string().describe('of the item'),
      title: z.string(),
      behavior: z.string(),
      time: z.number().exactOptional(),
      fresh: z.boolean().describe('whether it came since the dataset was prepared'),
      picture: z.boolean(),
    }),
  ),
})
export const usersAnswer: z.ZodType<{ readonly users: readonly string[] }> = z.object({ users: z.array(z.string()) })
export const appended: z.ZodType<Appended> = z.object({ stored: z.int(), repeated: z.int() })
export const forgotten: z.ZodType<{ readonly removed: number }> = z.object({ removed: z.int() })
export const itemAnswer: z.ZodType<ItemAnswer> = z.object({
  id: z.string(),
  available: z.boolean(),
  title: z.string(),
  fields: z.record(z.string(), z.string()),
  numbers: z.record(z.string(), z.number()),
  ranked: z.boolean().describe('whether the model can rank it'),
  picture: z.boolean(),
})
const runAbout = z.object({ name: z.string(), model: z.string(), fingerprint: z.string(), trained: z.number() })
export const about: z.ZodType<About> = z.object({
  dataset: z.string(),
  noun: z
    .object({ one: z.string(), many: z.string() })
    .exactOptional()
    .describe('what one item is called, and several'),
  items: z.int(),
  users: z.int(),
  behaviors: z.array(z.string()),
  target: z.string(),
  fields: z.record(z.string(), z.array(z.string())),
  numbers: z.array(z.string()),
  modalities: z.array(z.enum(['id', 'image', 'text'])),
  pictures: z.boolean(),
  retrieve: runAbout.exactOptional(),
  rank: runAbout.exactOptional(),
  store: z.string(),
})
const mapSide = z.object({
  points: z.array(z.number()).describe('x and y of each item'),
  near: z.array(z.int()).describe('the ten nearest of each item, as places in `items`'),
})
/** What a model takes for alike. */
export const itemMap: z.ZodType<ItemMap> = z.object({
  run: z.string(),
  model: z.string(),
  denoises: z.boolean().describe('whether `before` and `after` are of a denoising'),
  of: z.int().describe('how many items there are; the map has the most popular of them'),
  field: z.string().exactOptional().describe('the field that `category` is of'),
  items: z.array(z.object({ id: z.string(), title: z.string(), category: z.string(), picture: z.boolean() })),
  before: mapSide.exactOptional().describe('absent where the model reads no vectors'),
  after: mapSide,
})
/** What a browser loads to rank by itself. */
export const privateModel = z.object({
  run: z.string(),
  folder: z.string().describe('where the files are, from the root of the service'),
  files: z.array(
    z.object({
      name: z.string(),
      bytes: z.int(),
      sent: z.int().describe('how many bytes go over the wire, compressed'),
    }),
  ),
  unavailable: z.array(z.string()).describe('items that are not to be recommended now'),
})
/** An error, as RFC 9457 has it. */
const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().describe('one sentence: where: problem: value, expected X. hint'),
  code: z.string().describe('the problem, in one word'),
  where: z.string().exactOptional(),
  requestId: z.string(),
})

/** The schemas that the OpenAPI page names. */
export const named = {
  Id: id,
  Event: freshEvent,
  GivenEvent: givenEvent,
  Filter: filter,
  AnsweredItem: answeredItem,
  Recommended: recommended,
  Item: itemAnswer,
  About: about,
  RunAbout: runAbout,
  Problem: problem,
} as const

const facts = () => z.record(z.string(), z.unknown())
/** Runs and evaluations; see `RunsAnswer`. */
export const runs = z.object({ runs: z.array(facts()), evaluations: z.array(facts()) })
/** A description of a dataset; see `Description`. */
export const described = facts()
