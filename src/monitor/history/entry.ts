// What a history keeps, and how it is asked.
import type { MaybePromise } from '../../core/store.js';

/** What can be in a history: the events of a guard by their names, and what a drift watch notes. */
export const historyKinds = [
  'snapshot',
  'approved',
  'refused',
  'rejected',
  'held',
  'captured',
  'released',
  'overdue',
  'unsettled',
  'frozen',
  'unfrozen',
  'providerFailure',
  'credit',
  'drift',
] as const;

export type HistoryKind = (typeof historyKinds)[number];

/** One thing that happened. Contains balances: for operators, never for HTTP clients. */
export interface HistoryEntry {
  readonly kind: HistoryKind;
  readonly at: Date;
  /** The key of the wallet, where there is one. */
  readonly wallet?: string | undefined;
  /** The reference of the payout, where there is one. */
  readonly reference?: string | undefined;
  /**
   * The amount it is about, as decimal text in major units: the balance of a snapshot, what a decision required, what a hold promises,
   * what a capture debited.
   */
  readonly amount?: string | undefined;
  /** Everything else; amounts in it are decimal text. */
  readonly data: Readonly<Record<string, string | number | boolean>>;
}

/** Which entries to find; all conditions hold together. */
export interface HistoryQuery {
  readonly wallet?: string | undefined;
  readonly kind?: HistoryKind | undefined;
  /** At this time or later. */
  readonly from?: Date | undefined;
  /** Before this time. */
  readonly to?: Date | undefined;
  readonly reference?: string | undefined;
  /** @defaultValue `'oldest'` */
  readonly first?: 'oldest' | 'newest' | undefined;
  /**
   * How many at most; 1 to 1,000.
   * @defaultValue 100
   */
  readonly limit?: number | undefined;
  /** The `next` of the page before. */
  readonly after?: string | undefined;
}

export interface HistoryPage {
  readonly entries: readonly HistoryEntry[];
  /** Pass it as `after` for the next page; undefined on the last one. */
  readonly next?: string | undefined;
}

/**
 * What happened to the wallets of a guard. Contains balances: for operators.
 *
 * 1. `add` neither delays nor fails what it tells of: one that cannot write at once writes later, and counts what it lets go.
 * 2. `query` gives entries in the order of their time, those of one time in the order in which they were added.
 * 3. A page that is continued leaves out nothing and repeats nothing that was there when the first page was asked for, unless it was
 *    deleted for its age meanwhile.
 */
export interface History {
  add(entries: readonly HistoryEntry[]): MaybePromise<void>;
  /** @throws `ConfigurationError` for a query that is not one. */
  query(query?: HistoryQuery): MaybePromise<HistoryPage>;
  /** Writes what is not written yet, and lets go of timers. Idempotent. */
  close(): Promise<void>;
}
