/** @file What a trained model offers to whoever ranks with it: evaluation, recommend, a service. */
import type { BehaviorIndex, History, ItemIndex, Modality } from '../../dataset/schema.ts'
import type { ScoredItem } from '../../dataset/top-items.ts'

/** Why one item is in a list. Shares are in [0, 1], and each record's shares sum to 1. */
export interface Explanation {
  readonly item: ItemIndex
  /** How much each behavior carried the score, by behavior name. */
  readonly behaviors?: Readonly<Record<string, number>>
  /** How much each modality carried the score. */
  readonly modalities?: Readonly<Partial<Record<Modality, number>>>
  /**
   * The interest center that carried most of the score, with its share of the whole; centers of a modality are numbered
   * from 0.
   */
  readonly center?: { readonly modality: Modality; readonly index: number; readonly share: number }
  /** How unsure the model is of where the user and the item are, each a mean variance; not shares. */
  readonly uncertainty?: { readonly user: number; readonly item: number }
  /** History events that the model left out as noise, oldest first; the same for every item. */
  readonly noise?: readonly { readonly item: ItemIndex; readonly behavior: BehaviorIndex }[]
  /** History events that carried the score, strongest first, each once; their shares add up to 1. */
  readonly because?: readonly { readonly item: ItemIndex; readonly behavior: BehaviorIndex; readonly share: number }[]
}

/** The table whose product with a user's vector ranks items. */
export interface ItemTable {
  /** [items + 1, width], row-major; the scorer's own buffer, to be read only. */
  readonly table: Float32Array
  readonly width: number
  /** Whether the last column is a bias of each item and no part of its vector. */
  readonly bias: boolean
}

/** What a model reads of each item before and after it takes noise out, [items + 1, width] row-major; the pad is 0. */
export interface DenoisedItems {
  readonly width: number
  readonly before: Float32Array
  readonly after: Float32Array
}

/**
 * A trained model, ready to rank. Histories may be empty: the scores are finite all the same. Several callers may ask
 * at once.
 */
export interface Scorer extends AsyncDisposable {
  readonly slug: string
  readonly itemCount: number
  /** Whether what it says of an empty history means something, as popularity does; false by default. */
  readonly answersEmpty?: boolean
  /** The same of an empty history of a user of the dataset: false by default. */
  readonly answersUsers?: boolean
  /**
   * Scores of all items for each history, [B, itemCount + 1] row-major; column 0 (the pad) is -Infinity.
   * @param into an array of the caller's, at least that long, to write the scores to; a new one by default
   */
  score(histories: readonly History[], into?: Float32Array): Promise<Float32Array>
  /**
   * Compiles what scores so many histories, the longest of which has so many events, before somebody asks. Absent where
   * only asking does that, and where nothing is compiled.
   */
  compile?: (histories: number, longest: number) => Promise<void>
  /**
   * The best items of each history, best first, ties by the lower index, and none left out: 128 where there are that
   * many, or with an index as many as are asked for. That takes less time than all scores. Absent where no product with
   * tables ranks.
   */
  best?: (histories: readonly History[], count?: number) => Promise<readonly (readonly ScoredItem[])[]>
  /** Whether `best` asks an index, which may miss some of the best; false by default. */
  approximate?: boolean
  /** Absent where no single table ranks: what is counted, and networks over users and items. */
  itemTable?: () => Promise<ItemTable>
  /** Absent where the model takes no noise out of what is known of items. */
  denoisedItems?: () => Promise<DenoisedItems>
  explain?(history: History, items: readonly ItemIndex[]): Promise<readonly Explanation[]>
}
