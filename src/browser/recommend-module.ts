/**
 * @file What `recommend.js` of an exported folder offers. Types alone: this file is copied beside it, as its
 * `recommend.d.ts`.
 */

/** An event of a history. */
export interface HistoryEvent {
  /** The item's id, as in the log. */
  readonly item: string
  /** The target by default. */
  readonly behavior?: string
  /** Milliseconds since 1970; by default the events' order, the last one now. */
  readonly time?: number
}

/** What a list is made with. */
export interface RecommendOptions {
  /** 10 by default. */
  readonly top?: number
  /**
   * Which items of the history are left out: every one, those with the target behavior, or none; by default as the
   * dataset's candidates policy has it.
   */
  readonly exclude?: 'seen' | 'target' | 'none'
}

/** A recommended item. */
export interface RecommendedItem {
  readonly id: string
  readonly title: string
  /** For popular items, how often each was a target in training. */
  readonly score: number
}

/** A list, best first. */
export interface Recommended {
  readonly items: readonly RecommendedItem[]
  /** Whether the items are the popular ones, since the history is empty. */
  readonly popular: boolean
}

/** An exported model, loaded. Several callers may ask at once. */
export interface Recommender {
  readonly model: string
  readonly dataset: string
  readonly behaviors: readonly string[]
  readonly target: string
  /** The whole catalog. */
  readonly items: readonly { readonly id: string; readonly title: string }[]
  /** @throws Error naming the event or option that is wrong: an unknown item or behavior, a time that is no number */
  recommend(history: readonly HistoryEvent[], options?: RecommendOptions): Promise<Recommended>
}

/** How an exported folder is loaded. */
export interface LoadOptions {
  /**
   * Fetches the folder's files and the runtime's; the browser's own by default. With one of yours, a page shows how far
   * it is, or sends a key along.
   */
  readonly fetch?: (url: string) => Promise<Response>
}

/** Loads an exported folder, by default the one that the module lies in. @throws Error when a file cannot be had */
export declare function load(folder?: string | URL, options?: LoadOptions): Promise<Recommender>

/** The best items for a history by the model that lies beside the module, 10 by default. */
export declare function recommend(history: readonly HistoryEvent[], top?: number): Promise<readonly RecommendedItem[]>
