/** @file What a trained run does for whoever serves it, in the log's own ids; nothing here knows of HTTP. */
import type { Modality } from '../dataset/schema.ts'
import type { ItemConditions } from '../rank/item-conditions.ts'
import type { Reasons } from '../rank/named-reasons.ts'
import type { Appended, FreshEvent, ItemRecord } from '../store/event-store.ts'

/** An event of a history that is asked about and not stored. */
export interface GivenEvent {
  readonly item: string
  /** The target by default. */
  readonly behavior?: string
  /** Milliseconds since 1970; by default the events' order, the last one now. */
  readonly time?: number
}

/** Which items may be in a list: those that pass every condition. */
export interface ItemFilter extends ItemConditions {
  /** Only these items. */
  readonly allow?: readonly string[]
  /** None of these items. */
  readonly block?: readonly string[]
}

/** Which items of the history are left out: every one, those with the target behavior, or none. */
export type Exclusion = 'seen' | 'target' | 'none'

/** What a list is made from and how long it is. */
export interface RecommendRequest {
  /** A user whose history is prepared, stored, or both; or a history. */
  readonly user?: string
  readonly history?: readonly GivenEvent[]
  /** 10 by default. */
  readonly top?: number
  /** How many of the best are skipped; 0 by default. */
  readonly offset?: number
  readonly filter?: ItemFilter
  /** By default as the dataset's candidates policy has it. */
  readonly exclude?: Exclusion
  /** Whether each item comes with its reasons. */
  readonly explain?: boolean
  /** What the model is not shown, to see the list without it. */
  readonly without?: {
    readonly behaviors?: readonly string[]
    readonly modalities?: readonly Exclude<Modality, 'id'>[]
  }
}

/** One item of an answer; its reasons where they were asked for. */
export interface AnsweredItem extends Reasons {
  readonly id: string
  readonly title: string
  readonly score: number
  /** Where a second stage ranked: how probable a click is. */
  readonly probability?: number
  /** How far each gate of a model of clicks is open, in [0, 1], where it has any and reasons were asked for. */
  readonly gates?: Readonly<Record<string, number>>
  readonly fields: Readonly<Record<string, string>>
  readonly numbers: Readonly<Record<string, number>>
  /** Whether `GET /v1/items/{id}/picture` has a picture. */
  readonly picture: boolean
}

/** A list, and what it was made of. */
export interface Recommended {
  readonly items: readonly AnsweredItem[]
  /** Which run answered. */
  readonly run: string
  /** Why the items are not the model's: the user has no event that it reads. */
  readonly fallback?: 'popular'
  /**
   * How many events were read, and how many of them came since the dataset was prepared; and how many of the user's
   * were skipped, since the catalog does not have their item now.
   */
  readonly events: { readonly read: number; readonly fresh: number; readonly skipped?: number }
  /** How many items each step left, where reasons were asked for: the catalog, those available, filtered, retrieved. */
  readonly stages?: readonly { readonly stage: string; readonly left: number }[]
}

/** A list of a run that is not served. */
export interface RecommendedBy extends Recommended {
  /** What that run reads. */
  readonly modalities: readonly Modality[]
}

/** One event of a user's history as an answer has it, newest first. */
export interface HistoryEvent {
  readonly id: string
  readonly title: string
  readonly behavior: string
  /** Milliseconds since 1970; absent where the dataset has an order only. */
  readonly time?: number
  /** Whether it came since the dataset was prepared. */
  readonly fresh: boolean
  readonly picture: boolean
}

/** What an item is now. */
export interface ItemAnswer extends Omit<ItemRecord, 'text'> {
  readonly title: string
  readonly fields: Readonly<Record<string, string>>
  readonly numbers: Readonly<Record<string, number>>
  /** Whether the model can rank it: an item that came since is ranked from its text once it was taken in. */
  readonly ranked: boolean
  readonly picture: boolean
}

/** What is served. */
export interface About {
  readonly dataset: string
  /** What one item is called, and several, where the dataset says so. */
  readonly noun?: { readonly one: string; readonly many: string }
  readonly items: number
  readonly users: number
  readonly behaviors: readonly string[]
  readonly target: string
  /** Categorical fields with their values, the most frequent first, at most 100; and numeric fields. */
  readonly fields: Readonly<Record<string, readonly string[]>>
  readonly numbers: readonly string[]
  readonly modalities: readonly Modality[]
  readonly pictures: boolean
  /** The run that retrieves, and the one that ranks, if there is one. */
  readonly retrieve?: RunAbout
  readonly rank?: RunAbout
  readonly store: string
}

/** Where the runs to serve lie, and their dataset where it is not where they say. */
export interface RunFolders {
  /** Ranks the catalog. */
  readonly retrieve?: string
  /** Orders candidates by how probable a click is. */
  readonly rank?: string
  readonly data?: string
}

/** A run that is served. */
export interface RunAbout {
  readonly name: string
  readonly model: string
  readonly fingerprint: string
  /** When it was trained, milliseconds since 1970. */
  readonly trained: number
}

/** A map of items. */
export interface ItemMapSide {
  /** x and y of each item. */
  readonly points: readonly number[]
  /** The ten nearest of each item, as places in {@link ItemMap.items}, nearest first. */
  readonly near: readonly number[]
}
/** What a model takes for alike. */
export interface ItemMap {
  readonly run: string
  readonly model: string
  /** Whether `before` and `after` are of a denoising; else they are prepared vectors and what the model learned. */
  readonly denoises: boolean
  /** How many items there are; the map has the most popular of them. */
  readonly of: number
  /** The field that `category` is of. */
  readonly field?: string
  readonly items: readonly {
    readonly id: string
    readonly title: string
    readonly category: string
    readonly picture: boolean
  }[]
  /** Absent where the model reads no vectors. */
  readonly before?: ItemMapSide
  readonly after: ItemMapSide
}

/** A file that a browser loads to rank by itself. */
export interface PrivateFile {
  readonly name: string
  readonly bytes: number
  /** How many bytes go over the wire, compressed. */
  readonly sent: number
}
/** The run that retrieves, for a browser that ranks by itself. */
export interface PrivateModel {
  readonly run: string
  /** Names this very model. */
  readonly key: string
  /** Where the files lie on this machine. */
  readonly folder: string
  readonly files: readonly PrivateFile[]
  /** Items that are not to be recommended now. */
  readonly unavailable: readonly string[]
}

/**
 * A service. Errors are `UserError`s for what the caller can mend and `StoreUnavailable` while the store is away.
 * Several callers may ask at once; those that wait together are answered by one pass of the model.
 */
export interface Service extends AsyncDisposable {
  about(): About
  /** Some user ids, to begin with: those with the most events of the dataset that begin with these letters. */
  users(prefix: string, limit: number): readonly string[]
  /** A user's events, newest first. @throws UserError `unknown` for a user of whom nothing is known */
  history(user: string, limit: number): Promise<readonly HistoryEvent[]>
  /** @throws UserError naming the event of the batch for an unknown item or behavior, or a time that cannot be */
  add(events: readonly FreshEvent[]): Promise<Appended>
  /**
   * @throws UserError `unknown` for an item, behavior or field, `unsupported` where a model of clicks alone is served
   */
  recommend(request: RecommendRequest): Promise<Recommended>
  /**
   * The list of another run on the same dataset, opened when it is first asked for and closed once nobody asks.
   * @throws UserError as `recommend`, and as opening does
   */
  recommendBy(folder: string, request: RecommendRequest): Promise<RecommendedBy>
  /** Candidates by the model of clicks, most probable first. @throws UserError `unsupported` where none is served */
  rank(request: {
    readonly user?: string
    readonly history?: readonly GivenEvent[]
    readonly items: readonly string[]
    readonly explain?: boolean
  }): Promise<Recommended>
  /**
   * The items nearest to one by the table that ranks.
   * @throws UserError `unsupported` for a model without that table
   */
  similar(item: string, request: { readonly top?: number; readonly filter?: ItemFilter }): Promise<Recommended>
  /** @throws UserError `unknown` */
  item(id: string): Promise<ItemAnswer>
  /** Puts what is known of an item; one that the dataset does not have is taken in and ranked from its text. */
  putItem(record: ItemRecord): Promise<ItemAnswer>
  /** Recommends an item no more. @throws UserError `unknown` */
  removeItem(id: string): Promise<void>
  /**
   * What the run that retrieves takes for alike, laid out when it is first asked for.
   * @throws UserError `unsupported` for a model without vectors of items
   */
  map(): Promise<ItemMap>
  /**
   * The run that retrieves as files for browsers, made when they are first asked for.
   * @throws UserError `unsupported` where none is served, or for a model that has no graph
   */
  privateModel(): Promise<PrivateModel>
  /** Where an item's picture lies; undefined without one. */
  picture(id: string): string | undefined
  /** Forgets a user: stored events are removed, and prepared ones are read no more. */
  forget(user: string): Promise<{ readonly removed: number }>
  /**
   * Opens other runs, or the same anew, asks them for a list as a probe, and swaps: requests under way are answered by
   * the run they began with. @throws UserError as opening does; the runs before go on serving
   */
  reload(runs?: RunFolders): Promise<About>
  /** Answers when the store does and a run is open. */
  ready(): Promise<void>
}
