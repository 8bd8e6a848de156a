// The entries of a history, and its queries.
import type { MaybePromise } from '../core/store.js';

/** The kinds of entries: the events of a guard by their names, and entries of drift watches, operators, monitors. */
export const historyKinds = [
  'snapshot',
  'approved',
  'insufficient',
  'checkFailed',
  'held',
  'captured',
  'debitAboveHold',
  'released',
  'expired',
  'paidAfterRelease',
  'paidTwice',
  'failedAfterCapture',
  'overdue',
  'neverSeen',
  'settlementFailed',
  'contradiction',
  'leftOpen',
  'orphanWallet',
  'lookupFindsNothing',
  'limitsUnknown',
  'limitsAccepted',
  'frozen',
  'unfrozen',
  'providerFailure',
  'credit',
  'drift',
  'visibilityLag',
  'operator',
  'alert',
] as const;

export type HistoryKind = (typeof historyKinds)[number];

/** One event. Contains balances: for operators, never for HTTP clients. */
export interface HistoryEntry {
  readonly kind: HistoryKind;
  readonly at: Date;
  /** The key of the wallet, if it is known. */
  readonly wallet?: string | undefined;
  /** The reference of the payout, if there is one. */
  readonly reference?: string | undefined;
  /**
   * The amount it is about, as decimal text in major units: the balance of a snapshot, the required amount of a
   * decision, the held amount of a hold, the debit of a capture, the spendable amount of an alert.
   */
  readonly amount?: string | undefined;
  /** Everything else. Amounts in it are decimal text, and `currency` is theirs. */
  readonly data: Readonly<Record<string, string | number | boolean>>;
}

/** Conditions on the entries; all of them hold together. */
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
   * Most entries on a page; 1 to 1,000.
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
 * A record of the events of guards. Contains balances: for operators.
 *
 * 1. `add` neither delays nor fails the payout it is about. A history that cannot write at once writes later, and
 *    counts the entries that it drops.
 * 2. `query` returns entries in the order of their time, those of one time in the order in which they were added.
 * 3. Pages leave out nothing and repeat nothing that was there when the first page was read, unless it was deleted for
 *    its age meanwhile.
 */
export interface History {
  add(entries: readonly HistoryEntry[]): MaybePromise<void>;
  /** @throws `ConfigurationError` when the query is not valid. */
  query(query?: HistoryQuery): MaybePromise<HistoryPage>;
  /** Writes what is not written yet, and clears timers. Idempotent. */
  close(): Promise<void>;
}
