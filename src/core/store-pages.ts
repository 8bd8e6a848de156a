// Pages of holds: how a store lists them, and gives out those whose outcome is to be looked up.
import type { HoldRecord, HoldState } from './hold.js';

/** Selects the holds to list. */
export interface HoldFilter {
  /** Only holds of these wallets; all wallets when absent. */
  readonly wallets?: readonly string[] | undefined;
  readonly state?: HoldState | undefined;
  /** Created at least this many milliseconds ago on the store's clock. */
  readonly olderThanMs?: number | undefined;
  /** Most holds on a page; 1 to 1,000. */
  readonly limit: number;
  /** Continues after this page: the `next` of the one before. */
  readonly after?: string | undefined;
}

export interface HoldPage {
  /** Oldest first. */
  readonly holds: readonly HoldRecord[];
  /** Start of the next page; undefined when there is none. */
  readonly next?: string | undefined;
  /** The time of the store's clock, in epoch milliseconds. */
  readonly nowMs: number;
}

/** Selects the undecided holds to take for a look-up. */
export interface ClaimRequest {
  /** Only holds of these wallets. */
  readonly wallets: readonly string[];
  /** The process that takes them. The same owner may take a hold again before its lease ends. */
  readonly owner: string;
  /** Sent at least this many milliseconds ago on the store's clock. */
  readonly olderThanMs: number;
  /** Time for which no other owner gets these holds, in milliseconds. */
  readonly leaseMs: number;
  /** Most holds on a page; 0 to 1,000. With 0 nothing is leased: to see which wallets are unserved. */
  readonly limit: number;
  /** Continues after this page: the `next` of the one before. */
  readonly after?: string | undefined;
  /** Reports other wallets with such holds that no owner has had for this long, in milliseconds. */
  readonly unservedForMs: number;
}

export interface ClaimPage extends HoldPage {
  /**
   * Wallets outside the request with undecided holds that no owner has had for `unservedForMs`; at most 100. First page
   * only.
   */
  readonly unserved: readonly string[];
}
