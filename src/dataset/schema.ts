/** @file What a prepared dataset is: the shapes that data, features, models and evaluation share. */
import * as z from 'zod'

/** The three sources of knowledge about an item (M³BSR, section 3.1). */
export type Modality = 'id' | 'image' | 'text'
/** The modalities that come as frozen vectors, one per item. */
export type FeatureModality = Exclude<Modality, 'id'>

/** A row number of the user table, from 1. */
export type UserIndex = number & { readonly __index?: 'user' }
/** A row number of the item table, from 1; 0 pads. */
export type ItemIndex = number & { readonly __index?: 'item' }
/** A position in `Manifest.behaviors`, from 0. */
export type BehaviorIndex = number & { readonly __index?: 'behavior' }

const hash = z.string().regex(/^[0-9a-f]{64}$/)

/** `manifest.json` of a prepared dataset: what is in the folder, from which files, with which settings. */
export const manifestSchema = z.strictObject({
  format: z.literal('siftrec-dataset'),
  version: z.literal(1),
  name: z.string().min(1),
  /** What one item is called, and several. */
  noun: z.strictObject({ one: z.string(), many: z.string() }).optional(),
  /** The importer that made it: `csv`, `movielens`, `kuairand`, ... */
  source: z.string(),
  /** Names of the behaviors; an event's behavior is an index into this list. */
  behaviors: z.array(z.string()).min(1),
  /** The behavior to predict; the others are auxiliary (R-M2). */
  target: z.string(),
  /** Whether `time` is in milliseconds since 1970, or is only an order within the user. */
  time: z.enum(['milliseconds', 'order']),
  /** Which items are ranked for a user: those never touched, those without an event of the target behavior, or all. */
  candidates: z.enum(['unseen', 'untargeted', 'all']),
  /** The question that runs are asked unless they say otherwise, and where a visit ends; see `questions.ts`. */
  question: z.enum(['funnel', 'discovery']).optional(),
  idleMinutes: z.number().optional(),
  /** Whether the source has its own split; then `events.role` holds it. */
  ownSplit: z.boolean(),
  /** The first true time: earlier events have an order but no true time, so no cut may fall among them. */
  timesFrom: z.number().optional(),
  counts: z.strictObject({
    events: z.int(),
    users: z.int(),
    items: z.int(),
    perBehavior: z.record(z.string(), z.int()),
  }),
  /** How much each filter removed, in the order they ran. */
  dropped: z.array(z.strictObject({ filter: z.string(), events: z.int(), users: z.int(), items: z.int() })),
  /** Categorical fields of the items (`brand`, `category`, ...): the number of distinct values. */
  fields: z.record(z.string(), z.int()),
  /** Feature vectors in `features.safetensors`, by modality. */
  features: z.partialRecord(
    z.enum(['image', 'text']),
    z.strictObject({ encoder: z.string(), width: z.int().min(1), present: z.int(), broken: z.array(z.string()) }),
  ),
  /** Numeric fields of the items. */
  numbers: z.array(z.string()).optional(),
  /**
   * The columns of `users.parquet` beside the id: categorical fields with their number of distinct values, and numeric
   * fields.
   */
  users: z.strictObject({ fields: z.record(z.string(), z.int()), numbers: z.array(z.string()) }).optional(),
  /**
   * If the source has labelled impressions: the number of rows of `impressions.parquet`, and in how many of them each
   * label is 1.
   */
  impressions: z.strictObject({ count: z.int(), labels: z.record(z.string(), z.int()) }).optional(),
  /** SHA-256 of each file beside the manifest. */
  files: z.record(z.string(), hash),
  /** The settings of `prepare`, from the command line and the YAML file. */
  settings: z.record(z.string(), z.unknown()),
})
/** See {@link manifestSchema}. */
export type Manifest = z.infer<typeof manifestSchema>

/** The part that an event belongs to if the source has its own split; otherwise 0 everywhere. */
export const role = { train: 0, validation: 1, test: 2 } as const

/** All events as columns, sorted by (user, time, order in the log): row r of each array is one event. */
export interface Events {
  readonly user: Int32Array
  readonly item: Int32Array
  readonly behavior: Uint8Array
  /** Milliseconds since 1970, or the order within the user if the source has no times. */
  readonly time: Float64Array
  readonly role: Uint8Array
  /**
   * Where each user's events start: user u has rows [start[u], start[u + 1]). Its length is users + 2, and
   * start[0] = start[1] = 0.
   */
  readonly start: Int32Array
}

/** One categorical field of the items. */
export interface Field {
  /** Value index of each item, [items + 1]; 0 for an unknown value and for the pad. */
  readonly values: Int32Array
  /** The name of each value; `vocabulary[0]` is ''. */
  readonly vocabulary: readonly string[]
}

/** The item table; arrays have items + 1 entries, entry 0 is the pad. */
export interface Catalog {
  readonly ids: readonly string[]
  readonly titles: readonly string[]
  readonly fields: Readonly<Record<string, Field>>
  /** Numeric fields, [items + 1] each, unscaled; NaN where unknown. */
  readonly numbers?: Readonly<Record<string, Float32Array>>
}

/** The user table; arrays have users + 1 entries, entry 0 is no user. */
export interface UserTable {
  readonly fields: Readonly<Record<string, Field>>
  /** NaN where unknown. */
  readonly numbers: Readonly<Record<string, Float32Array>>
}

/** Items that were shown to users, with labels; sorted by (user, time, order in the log). */
export interface Impressions {
  readonly user: Int32Array
  readonly item: Int32Array
  /** In the unit of `Events.time`. */
  readonly time: Float64Array
  /** By label, such as click or like: 0 or 1 for each impression. */
  readonly labels: Readonly<Record<string, Uint8Array>>
}

/**
 * Frozen vectors of one modality. `present` is 0 for a missing vector; its row is zeros and must not be read as a
 * vector.
 */
export interface FeatureTable {
  readonly width: number
  /** [items + 1, width], row-major. */
  readonly vectors: Float32Array
  /** [items + 1]: 1 where the item has a vector. */
  readonly present: Uint8Array
}

/** The input of the encoders: arrays of items + 1 entries, entry 0 is the pad. */
export interface FeatureSources {
  readonly ids: readonly string[]
  /** The text to encode: the title, and the columns that the mapping adds to it; '' if there is none. */
  readonly titles: readonly string[]
  /** Absolute path of each picture; null if there is none. */
  readonly images: readonly (string | null)[]
}
/** Vectors of one modality, the encoder that made them, and the pictures that could not be read. */
export interface MadeFeatures {
  readonly encoder: string
  readonly table: FeatureTable
  readonly broken: readonly string[]
}
/** What was made of a catalog. */
export interface MadeCatalog extends Partial<Record<FeatureModality, MadeFeatures>> {
  /** Categorical fields by name, [items + 1] each; '' where an item has no value. */
  readonly fields?: Readonly<Record<string, readonly string[]>>
}
/** Makes the features of a catalog while it is prepared. */
export interface FeatureMaker {
  (catalog: FeatureSources): Promise<MadeCatalog>
  /** The names of the fields that it makes. */
  readonly fields?: readonly string[]
  /** The files it reads, so that none of them is replaced. */
  readonly reads?: readonly string[]
  /** About how many bytes of memory it takes. */
  readonly bytes?: (catalog: { items: number; pictures: boolean }) => number
}

/** A prepared dataset in memory. */
export interface Dataset {
  readonly folder: string
  readonly manifest: Manifest
  /**
   * SHA-256 of the files, the behaviors, the target and the candidates. A run stores it, and refuses another dataset
   * (error `mismatched`).
   */
  readonly hash: string
  readonly events: Events
  /** [users + 1], entry 0 is ''. */
  readonly userIds: readonly string[]
  readonly catalog: Catalog
  readonly features: Readonly<Partial<Record<FeatureModality, FeatureTable>>>
  readonly users?: UserTable
  readonly impressions?: Impressions
  /** Where a question was asked of another dataset: that one, as it was loaded; see `questions.ts`. */
  readonly asked?: { readonly question: 'funnel' | 'discovery'; readonly of: Dataset }
}

/** One user's events, oldest first: views into {@link Events}, never copies. */
export interface History {
  readonly user: UserIndex
  readonly item: Int32Array
  readonly behavior: Uint8Array
  readonly time: Float64Array
}

/** Which events train, and which are the targets of validation and test. */
export interface Split {
  readonly protocol: 'leave-one-out' | 'time' | 'given'
  /** [users + 1]. Training may use only a user's rows [events.start[u], trainEnd[u]). */
  readonly trainEnd: Int32Array
  /** Event rows to predict; the input of a target is that user's events strictly before its time. */
  readonly validation: Int32Array
  readonly test: Int32Array
  /** The two cut times of the `time` protocol, in the unit of `Events.time`. */
  readonly cuts?: readonly [number, number]
  /** How many targets have no strictly earlier event, so that a model sees an empty history. */
  readonly emptyHistories?: { readonly validation: number; readonly test: number }
}
