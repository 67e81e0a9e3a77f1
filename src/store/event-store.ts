/** @file What came since a dataset was prepared, behind one interface: events of users, and what was said of items. */

/** One event, in the log's own ids, each of 1 to 512 bytes in UTF-8 and without NUL. */
export interface FreshEvent {
  readonly user: string
  readonly item: string
  readonly behavior: string
  /** Whole milliseconds since 1970. */
  readonly time: number
  /** Names the event: another one with the same id is not stored again. */
  readonly id?: string
}

/** What a store knows of a user. */
export interface FreshHistory {
  /** The last events that were asked for, oldest first; those of one time in the order they came. */
  readonly events: readonly FreshEvent[]
  /** Whether the user was forgotten: what was prepared of them must not be read either. */
  readonly forgotten: boolean
}

/** What was said of an item since the dataset was prepared; what it does not say is as the dataset has it. */
export interface ItemRecord {
  readonly id: string
  /** An item out of stock, or removed, is not recommended. */
  readonly available: boolean
  readonly title?: string
  /** Categorical fields by name. */
  readonly fields?: Readonly<Record<string, string>>
  /** Numeric fields by name. */
  readonly numbers?: Readonly<Record<string, number>>
  /** The text to read, where it is not the title. */
  readonly text?: string
}

/** How many events of a batch were stored, and how many had been before. */
export interface Appended {
  readonly stored: number
  readonly repeated: number
}

/**
 * A store. What a call acknowledged is durable, and every later call sees it, of any process with the same store.
 * Calls throw {@link StoreUnavailable} within about two seconds while the store cannot be reached, and work again once
 * it can; what such a call asked may have been done all the same. They throw a UserError for a name that no store can
 * hold.
 */
export interface EventStore extends AsyncDisposable {
  /** What messages call it: `lmdb at runs/movies.events`, without secrets. */
  readonly name: string
  /** Stores a batch, all of it or nothing. */
  append(events: readonly FreshEvent[]): Promise<Appended>
  /** A user's last events. @param limit how many at most */
  history(user: string, limit: number): Promise<FreshHistory>
  /**
   * Removes all of a user's events, with their ids, and remembers that they were forgotten.
   * @returns how many events were removed
   */
  forget(user: string): Promise<number>
  /** Replaces what is known of an item. */
  putItem(record: ItemRecord): Promise<void>
  /** Changes whenever an item was put; cheap to ask at each request. */
  itemsVersion(): Promise<number>
  items(): Promise<readonly ItemRecord[]>
  /** All events, some at a time, those of one user oldest first; what comes meanwhile may or may not be among them. */
  all(): AsyncIterable<readonly FreshEvent[]>
  /** All users that were forgotten. */
  forgotten(): Promise<readonly string[]>
  /** Answers when the store does. */
  ping(): Promise<void>
}

/** The store cannot be reached now. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}
