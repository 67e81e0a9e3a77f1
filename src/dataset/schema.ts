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

/** `manifest.json` of a prepared dataset: what is in the folder, made from what, with which settings. */
export const manifestSchema = z.strictObject({
  format: z.literal('siftrec-dataset'),
  version: z.literal(1),
  name: z.string().min(1),
  /** The importer that made it: `csv`, `movielens`, `kuairand`, ... */
  source: z.string(),
  /** Names of the behaviors; an event's behavior is an index into this list. */
  behaviors: z.array(z.string()).min(1),
  /** The behavior to predict; the others are auxiliary (R-M2). */
  target: z.string(),
  /** Whether `time` is a true time in milliseconds since 1970 or only an order within the user. */
  time: z.enum(['milliseconds', 'order']),
  /** Which items are ranked for a user: those never touched, those without the target behavior, or all. */
  candidates: z.enum(['unseen', 'untargeted', 'all']),
  /** Whether the source came with its own split (then `events.role` holds it). */
  ownSplit: z.boolean(),
  /** Where true times begin: events before it have an order, but no time of their own, so no cut may fall there. */
  timesFrom: z.number().optional(),
  counts: z.strictObject({
    events: z.int(),
    users: z.int(),
    items: z.int(),
    perBehavior: z.record(z.string(), z.int()),
  }),
  /** What each filter took away, in the order it ran. */
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
  /** What `users.parquet` tells of a user besides the id: categorical fields with their number of distinct values, and numeric ones. */
  users: z.strictObject({ fields: z.record(z.string(), z.int()), numbers: z.array(z.string()) }).optional(),
  /** Rows of `impressions.parquet`, if the source has labelled impressions, and for how many of them each label is 1. */
  impressions: z.strictObject({ count: z.int(), labels: z.record(z.string(), z.int()) }).optional(),
  /** SHA-256 of each file beside the manifest. */
  files: z.record(z.string(), hash),
  /** The settings it was prepared with, as read from the command line and the YAML file. */
  settings: z.record(z.string(), z.unknown()),
})
/** See {@link manifestSchema}. */
export type Manifest = z.infer<typeof manifestSchema>

/** What an event is for when the source brings its own split; 0 everywhere otherwise. */
export const role = { train: 0, validation: 1, test: 2 } as const

/** All events as columns, sorted by (user, time, order in the log): row r of each array is one event. */
export interface Events {
  readonly user: Int32Array
  readonly item: Int32Array
  readonly behavior: Uint8Array
  /** Milliseconds since 1970, or the order within the user where the source has no times. */
  readonly time: Float64Array
  readonly role: Uint8Array
  /** Where each user's events start: user u has rows [start[u], start[u + 1]); length users + 2, start[0] = start[1] = 0. */
  readonly start: Int32Array
}

/** One categorical field of the items. */
export interface Field {
  /** Value index per item, [items + 1]; 0 is unknown, and the pad. */
  readonly values: Int32Array
  /** The name of each value; `vocabulary[0]` is ''. */
  readonly vocabulary: readonly string[]
}

/** The item table; arrays have items + 1 entries, entry 0 is the pad. */
export interface Catalog {
  readonly ids: readonly string[]
  readonly titles: readonly string[]
  readonly fields: Readonly<Record<string, Field>>
  /** Numeric fields, [items + 1] each, as they came; NaN where there is none. */
  readonly numbers?: Readonly<Record<string, Float32Array>>
}

/** What is known of the users; arrays have users + 1 entries, entry 0 is nobody. */
export interface UserTable {
  readonly fields: Readonly<Record<string, Field>>
  /** NaN where there is none. */
  readonly numbers: Readonly<Record<string, Float32Array>>
}

/** Items that were shown to users, sorted by (user, time, order in the log), and what came of it. */
export interface Impressions {
  readonly user: Int32Array
  readonly item: Int32Array
  /** In the unit of `Events.time`. */
  readonly time: Float64Array
  /** 0 or 1 for each impression, by label: click, like. */
  readonly labels: Readonly<Record<string, Uint8Array>>
}

/** Frozen vectors of one modality. A missing vector is marked in `present`; its row is zeros and must never be read as a vector. */
export interface FeatureTable {
  readonly width: number
  /** [items + 1, width], row-major. */
  readonly vectors: Float32Array
  /** [items + 1]: 1 where the item has a vector. */
  readonly present: Uint8Array
}

/** What features are made of: arrays of items + 1 entries, entry 0 is the pad. */
export interface FeatureSources {
  readonly ids: readonly string[]
  /** The text to encode: the title, and what else the mapping adds to it; '' where there is none. */
  readonly titles: readonly string[]
  /** Absolute path of each picture; null where there is none. */
  readonly images: readonly (string | null)[]
}
/** Vectors of one modality, how they were made, and the pictures that could not be read. */
export interface MadeFeatures {
  readonly encoder: string
  readonly table: FeatureTable
  readonly broken: readonly string[]
}
/** Makes the features of a catalog while it is prepared. */
export type FeatureMaker = (catalog: FeatureSources) => Promise<Partial<Record<FeatureModality, MadeFeatures>>>

/** A prepared dataset in memory. */
export interface Dataset {
  readonly folder: string
  readonly manifest: Manifest
  /** SHA-256 of the files, the behaviors, the target and the candidates: a run stores it, and refuses another dataset (error `mismatched`). */
  readonly hash: string
  readonly events: Events
  /** [users + 1], entry 0 is ''. */
  readonly userIds: readonly string[]
  readonly catalog: Catalog
  readonly features: Readonly<Partial<Record<FeatureModality, FeatureTable>>>
  readonly users?: UserTable
  readonly impressions?: Impressions
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
  /** Training may use a user's rows [events.start[u], trainEnd[u]) and nothing else; [users + 1]. */
  readonly trainEnd: Int32Array
  /** Event rows to predict; the input of a target is that user's events strictly before its time. */
  readonly validation: Int32Array
  readonly test: Int32Array
  /** The two cut times of the `time` protocol, in the unit of `Events.time`. */
  readonly cuts?: readonly [number, number]
  /** How many targets have no strictly earlier event: a model sees an empty history there. */
  readonly emptyHistories?: { readonly validation: number; readonly test: number }
}
