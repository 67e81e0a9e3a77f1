/**
 * @file The mapping: a small YAML file that says what a log's columns mean, and names the behaviors, the item table and
 * the filters.
 */
import { dirname, isAbsolute, join } from 'node:path'
import * as z from 'zod'
import { UserError, unknownName } from '../errors.ts'
import { isObjectAddress } from '../storage/s3.ts'
import { readYaml } from '../storage/yaml-file.ts'
import { checkDatabases, mappingIssue, refuseClashes } from './mapping-issues.ts'

const names = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)])

const format = {
  /**
   * Paths or globs, relative to the mapping's folder. Files named on the command line are used instead. `.gz` files are
   * read directly.
   */
  files: names.optional(),
  /** The format of the files; by default from their extension (.csv .tsv .txt .jsonl .json .parquet). */
  format: z.enum(['csv', 'tsv', 'jsonl', 'parquet']).optional(),
  /** One ASCII character between columns; by default a comma, or a tab for TSV. */
  delimiter: z
    .string()
    .regex(/^(?!")[\t -~]$/, 'one ASCII character, not a quote or the end of a line')
    .optional(),
  /** How the letters of CSV and TSV files are written; `latin-1` is Windows-1252 too. */
  encoding: z.enum(['utf-8', 'latin-1', 'utf-16']).optional(),
  /** Whether double quotes enclose values; by default in CSV, not in TSV. */
  quoted: z.boolean().optional(),
  /** Column names of CSV or TSV files without a header line. */
  columns: z.array(z.string().min(1)).min(1).optional(),
  /** A PostgreSQL database whose rows are read in place of files: `postgres://USER@HOST:PORT/DATABASE`. */
  database: z.string().min(1).optional(),
  /** The table or view to read there, such as `events` or `shop.events`. */
  table: z.string().min(1).optional(),
  /** A query to read in place of a table. */
  query: z.string().min(1).optional(),
}

const eventsSchema = z.strictObject({
  ...format,
  /**
   * Column of the user's id; by default user, user_id, userId, uid or reviewerID. Letter case and a `:type` suffix
   * never matter.
   */
  user: z.string().optional(),
  /**
   * Column of the item's id; by default item, item_id, movieId, video_id, photo_id, product_id, parent_asin or asin.
   */
  item: z.string().optional(),
  /**
   * Column of the event's time; by default time, timestamp, time_ms, vtime, date or unixReviewTime. Not needed if
   * timeUnit is order.
   */
  time: z.string().optional(),
  /**
   * What a time is: a number since 1970 in a unit, a text (ISO 8601, in UTC unless it names a zone), or only an order.
   * By default the values decide.
   */
  timeUnit: z.enum(['auto', 'seconds', 'milliseconds', 'microseconds', 'text', 'order']).default('auto'),
  /** The pattern of a time written as text, in strptime's letters, e.g. `%d/%m/%Y %H:%M`. */
  timeFormat: z.string().optional(),
  /**
   * Column with the behavior's name; by default behavior, action or event. Without one, a row counts as every behavior
   * whose `when` is true.
   */
  behavior: z.string().optional(),
  /**
   * What parts the items of a sequence in one cell, as in `12 7 30`. Each is an event, in this order; a time cell may
   * have as many times, or none is read.
   */
  split: z.string().min(1).max(10).optional(),
})

/** A name that is printed, whatever its alphabet. */
const printed = z.string().regex(/^[^\p{Cc}]{1,100}$/u, 'a name of at most 100 characters in one line')

const behaviorSchema = z.union([
  printed,
  z.strictObject({
    name: printed,
    /** Values of the behavior column that mean this behavior; by default its name. */
    from: names.optional(),
    /** Conditions on columns, joined by `and`, e.g. `rating >= 4` or `is_like = 1`; without any, every row counts. */
    when: z.string().optional(),
  }),
])

const fieldSchema = z.union([
  z.string().min(1),
  z
    .strictObject({
      column: z.string().min(1).optional(),
      /** Keeps only the text before this separator: `|` turns `Comedy|Drama` into `Comedy`. */
      before: z.string().min(1).optional(),
      /** Columns of 0 and 1, in place of one column: the value is the name of the first that is 1. */
      oneHot: z.array(z.string().min(1)).min(2).max(10_000).optional(),
    })
    .refine(({ column, oneHot }) => (column === undefined) !== (oneHot === undefined), 'either column or oneHot'),
])

const numberSchema = z.union([
  z.string().min(1),
  z.strictObject({
    column: z.string().min(1),
    /** Characters to leave out: `$ ` for prices such as `$ 5`. */
    strip: z.string().min(1).max(20).optional(),
    /** What stands before the decimals; the other of the two is left out. */
    decimal: z.enum(['.', ',']).optional(),
  }),
])

const name = z
  .string()
  .regex(/^[a-z][A-Za-z0-9_]{0,63}$/, 'a name of at most 64 letters, digits and _ that starts with a small letter')

const itemsSchema = z.strictObject({
  ...format,
  /** Column of the item's id; by default as for events, or id. */
  id: z.string().optional(),
  /** Column of the title; by default title, name, movie_title or text, and none if there is no such column. */
  title: z.string().optional(),
  /** More columns whose text is added to the title for the text vector; the title itself is not changed. */
  text: z.array(z.string()).default([]),
  /**
   * File name of an item's picture in the folder of pictures: columns in braces, and `.*` for any extension. By default
   * `{<id column>}.*`.
   */
  image: z.string().optional(),
  /** Folder of pictures, relative to the mapping's folder. */
  images: z.string().optional(),
  /**
   * Categorical fields by name, each a column; by default brand (or brand_id, store), category (or category_id,
   * categories, main_category, class) and seller (or seller_id), if there are such columns.
   */
  fields: z.record(name, fieldSchema).optional(),
  /** Numeric fields by name, each a column; an empty value is unknown. */
  numbers: z.record(name, numberSchema).default({}),
})

const usersSchema = z.strictObject({
  ...format,
  /** Column of the user's id; by default as for events, or id. */
  id: z.string().optional(),
  /** Categorical fields by name, as those of the items; none by default. */
  fields: z.record(name, fieldSchema).default({}),
  /** Numeric fields by name, each a column; an empty value is unknown. */
  numbers: z.record(name, numberSchema).default({}),
})

const impressionsSchema = z.strictObject({
  /**
   * Labels by name: a column of the log that is 0 or 1, or conditions as in the `when` of a behavior. With at least one
   * label, each row of the log is also an impression, whatever its behaviors. `{}` ignores the impressions that a
   * source has.
   */
  labels: z.record(name, z.string().min(1)).default({}),
})

const filtersSchema = z.strictObject({
  /** Users with fewer events are dropped. A click and the favorite made from the same row of the log count once. */
  minimumEventsPerUser: z.int().min(0).default(5),
  /** Events of items with fewer events are dropped, before the events of users are counted. */
  minimumEventsPerItem: z.int().min(0).default(0),
  /** What to do with an event whose item is not in the item table. */
  unlistedItems: z.enum(['error', 'drop']).default('error'),
  /** What to do with an item that is listed twice in the item table. */
  duplicateItems: z.enum(['error', 'first']).default('error'),
  /** What to do with a row whose time cannot be read in the unit of the others, or is before 1970 or after 2099. */
  oddTimes: z.enum(['error', 'drop']).default('error'),
})

const nounSchema = z.strictObject({ one: printed, many: printed })

const sections = {
  noun: nounSchema,
  events: eventsSchema,
  impressions: impressionsSchema,
  items: itemsSchema,
  users: usersSchema,
  filters: filtersSchema,
} as const

/** A mapping. Every key is optional. */
export const mappingSchema = z.strictObject({
  /** Name of the dataset; by default the name of its folder. */
  name: printed.optional(),
  events: eventsSchema.prefault({}),
  /**
   * Behaviors from weak to strong interest, e.g. click before favorite. By default one behavior, `click`, which every
   * row is.
   */
  behaviors: z.array(behaviorSchema).min(1).max(255, 'at most 255 behaviors').default(['click']),
  /** Values of the behavior column whose rows are skipped; any other unknown value is an error. */
  ignoredBehaviors: z.array(z.string()).default([]),
  /** The behavior to predict; by default the last one. */
  target: z.string().optional(),
  impressions: impressionsSchema.prefault({}),
  items: itemsSchema.prefault({}),
  users: usersSchema.prefault({}),
  filters: filtersSchema.prefault({}),
  /**
   * Which items are ranked for a user: those never touched (unseen), those without an event of the target behavior
   * (untargeted), or all. By default what the question calls for.
   */
  candidates: z.enum(['unseen', 'untargeted', 'all']).optional(),
  /**
   * What is asked of a log with visits: which item is chosen of all that were looked at (funnel), or which that was not
   * touched before the visit (discovery). By default the data decide, unless candidates is set.
   */
  question: z.enum(['auto', 'funnel', 'discovery']).default('auto'),
  /** A visit ends after so many minutes without an event. */
  idleMinutes: z.number().gt(0).max(100_000).default(30),
  /** What one item is called, and several: film and films. */
  noun: nounSchema.optional(),
})
/** A mapping with its defaults filled in. */
export type Mapping = z.infer<typeof mappingSchema>
/** A mapping as the user writes it. */
export type MappingInput = z.input<typeof mappingSchema>

/**
 * Reads a mapping file. Its relative paths become relative to the working folder.
 * @throws UserError as {@link readYaml} and {@link checkMapping}
 */
export function readMapping(path: string): MappingInput {
  const written = readYaml(path)
  checkMapping(written, path)
  const input = written as MappingInput
  for (const section of ['events', 'items', 'users'] as const) {
    const files = input[section]?.files
    if (files !== undefined)
      Object.assign(input[section] as object, { files: [files].flat().map((file) => beside(path, file)) })
  }
  if (input.items?.images) input.items.images = beside(path, input.items.images)
  return input
}

function beside(mapping: string, path: string): string {
  return isAbsolute(path) || isObjectAddress(path) ? path : join(dirname(mapping), path)
}

/** Merges two mappings, section by section; where both set a key, `over` wins. */
export function mergeMappings(under: MappingInput, over: MappingInput): MappingInput {
  const merged: MappingInput = { ...under, ...over }
  for (const section of Object.keys(sections) as (keyof typeof sections)[]) {
    if (under[section] || over[section]) Object.assign(merged, { [section]: { ...under[section], ...over[section] } })
  }
  return merged
}

/**
 * Checks a mapping and fills in its defaults.
 * @throws UserError `unknown` or `invalid`, naming the key and what is allowed
 */
export function checkMapping(input: unknown, where: string): Mapping {
  const { data, error } = mappingSchema.safeParse(input)
  if (!data) throw mappingIssue(error.issues[0], { input, where, known: keysOf })
  const behaviors = behaviorNames(data)
  if (new Set(behaviors).size < behaviors.length)
    throw new UserError({ where: `${where} behaviors`, problem: 'duplicate', value: behaviors.join(', ') })
  if (data.target !== undefined && !behaviors.includes(data.target))
    throw unknownName(`${where} target`, data.target, behaviors)
  refuseClashes(data, where)
  checkDatabases(data, where)
  if (data.question === 'discovery' && data.candidates !== undefined && data.candidates !== 'unseen') {
    const expected = 'unseen, or no such key, with question: discovery'
    throw new UserError({ where: `${where} candidates`, problem: 'invalid', value: data.candidates, expected })
  }
  return data
}

/** The keys that a mapping may have at a path. */
function keysOf([section, ...within]: readonly PropertyKey[]): string[] {
  if (section === undefined) return Object.keys(mappingSchema.shape)
  if (within.length === 0) return Object.keys(sections[section as keyof typeof sections]?.shape ?? {})
  if (within[0] === 'numbers') return Object.keys(numberSchema.options[1].shape)
  return Object.keys((section === 'behaviors' ? behaviorSchema : fieldSchema).options[1].shape)
}

/** The names of a mapping's behaviors, in their order. */
export function behaviorNames({ behaviors }: Mapping): string[] {
  return behaviors.map((behavior) => (typeof behavior === 'string' ? behavior : behavior.name))
}
