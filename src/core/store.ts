// The contract of a store: where holds live.
import { BalanceUnavailableError, isPayoutGuardError } from './errors.js';
import type { HoldRecord, HoldState } from './hold.js';
import { redactedCause } from './redact.js';

/** A value, or a promise of it: a store in memory answers at once, and a warm check then costs no extra turn. */
export type MaybePromise<T> = T | Promise<T>;

/** Why nothing is approved from a wallet, until somebody unfreezes it. */
export interface Freeze {
  /** What the operator wrote; 1 to 200 printable characters. */
  readonly reason: string;
  /** Since when, in epoch milliseconds of the store's clock. */
  readonly sinceMs: number;
}

/** What a store knows of one wallet, read in one atomic step. */
export interface WalletTotals {
  /** Random text made when the store's memory began. Another epoch means that the store forgot everything before. */
  readonly epoch: string;
  /** Sum of all open (reserved and sent) holds, and of captures that do not count as visible yet, in minor units. */
  readonly active: bigint;
  /** Sum of all captures that count as visible, in this epoch, in minor units. Only grows. */
  readonly captured: bigint;
  /**
   * Positive while the store waits for open holds to be put back after it lost its memory, in milliseconds: until then nothing
   * is approved.
   */
  readonly recoveringForMs?: number | undefined;
  /** Present while the wallet is frozen. */
  readonly frozen?: Freeze | undefined;
}

/** A request to check and hold in one step. */
export interface HoldRequest {
  readonly wallet: string;
  readonly reference: string;
  /** Random text, another one for each request. */
  readonly attempt: string;
  /** What is promised, fee included, in minor units; positive. */
  readonly amountMinor: bigint;
  /** `sent` for a payout that starts at once. */
  readonly state: 'reserved' | 'sent';
  /** How long a `reserved` hold lives, in milliseconds of the store's clock. */
  readonly expiresInMs: number;
  /** The epoch that `limitMinor` was computed in. */
  readonly epoch: string;
  /** `available - floor + mark` of the snapshot: what `active + captured` may reach, this hold included. */
  readonly limitMinor: bigint;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What became of a {@link HoldRequest}. `totals` are those the decision was made on, before this hold. */
export type HoldOutcome =
  | { readonly outcome: 'held'; readonly hold: HoldRecord; readonly totals: WalletTotals }
  /** It does not fit. Nothing was changed. */
  | { readonly outcome: 'insufficient'; readonly totals: WalletTotals }
  /** The request's epoch is not the store's: its limit is void. Nothing was changed. */
  | { readonly outcome: 'void'; readonly totals: WalletTotals }
  /** The store lost its memory and waits for open holds to be put back. Nothing was changed. */
  | { readonly outcome: 'recovering'; readonly forMs: number }
  /** The wallet is frozen. Nothing was changed. */
  | { readonly outcome: 'frozen'; readonly frozen: Freeze }
  /** The reference is taken. Nothing was changed. */
  | { readonly outcome: 'exists'; readonly hold: HoldRecord };

/** A request to move a hold on. */
export type SettleRequest = Settlement & {
  readonly reference: string;
  /** Only the hold that this attempt took. Without it, whichever has the reference. */
  readonly attempt?: string | undefined;
};

type Settlement =
  | { readonly to: 'sent' }
  | { readonly to: 'released' }
  | {
      readonly to: 'captured';
      /** What was really debited, in minor units; the held amount when absent. May be less or more than was held. */
      readonly actualMinor?: bigint | undefined;
      /** How long the capture goes on to count as held, because the provider's balance shows it late; 0 or more. */
      readonly visibleInMs: number;
    };

/** What became of a {@link SettleRequest}. */
export type SettleOutcome =
  | { readonly outcome: 'done'; readonly hold: HoldRecord }
  /** It was so already; nothing was changed. */
  | { readonly outcome: 'already'; readonly hold: HoldRecord }
  /** The hold is in a state that forbids it, or of another attempt; nothing was changed. */
  | { readonly outcome: 'illegal'; readonly hold: HoldRecord }
  /** There is no such reference, or it was forgotten. */
  | { readonly outcome: 'unknown' };

/** Which holds to list. */
export interface HoldFilter {
  readonly wallet?: string | undefined;
  readonly state?: HoldState | undefined;
  /** Created at least this many milliseconds ago on the store's clock. */
  readonly olderThanMs?: number | undefined;
  /** How many at most; 1 to 1,000. */
  readonly limit: number;
  /** Continue after this page: the `next` of the one before. */
  readonly after?: string | undefined;
}

export interface HoldPage {
  /** Oldest first. */
  readonly holds: readonly HoldRecord[];
  /** Where the next page begins; undefined when there is none. */
  readonly next?: string | undefined;
}

/** Which sent holds to take for reconciliation. */
export interface ClaimRequest {
  /** Who takes them. The same owner may take a hold again before its lease ends. */
  readonly owner: string;
  /** Sent at least this many milliseconds ago on the store's clock. */
  readonly olderThanMs: number;
  /** For how long nobody else is given these holds, in milliseconds. */
  readonly leaseMs: number;
  /** How many at most; 1 to 1,000. */
  readonly limit: number;
  /** Continue after this page: the `next` of the one before. */
  readonly after?: string | undefined;
}

/**
 * Where holds live. A store that cannot answer rejects; it never guesses. `storeContract` of `payout-guard/testing` tests
 * each rule under its number.
 *
 * 1. **Totals.** A wallet that was never seen has `active` and `captured` of zero. Totals are of one instant.
 * 2. **Check and hold are one step.** `hold` grants exactly if `active + captured + amount <= limit`, whoever else holds at
 *    the same time; a granted hold is in `active` before anybody else is answered.
 * 3. **A hold costs the same** however many are open.
 * 4. **Epoch.** A hold whose `epoch` is not the store's is `void`. The epoch changes when memory was, or may have been, lost;
 *    holds are `recovering` then until every process had the time to put its open ones back.
 * 5. **One reference, one payout.** A reference that is open or captured is `exists`, in every wallet. A released one may be
 *    held again for the same wallet and amount (the hold is `heldBefore` then), otherwise it is `exists`.
 * 6. **`sent` is given once**, to a reserved hold that has not expired; otherwise `illegal`.
 * 7. **Capture** moves the held amount out of `active` and what was really debited into `captured`, less or more than held.
 *    It may be repeated (`already`), and counts once. After release it is `illegal`.
 * 8. **Release** takes the held amount out of `active`. It may be repeated, and counts once. After capture it is `illegal`.
 * 9. **Late visibility.** A capture with `visibleInMs` stays in `active`, with the amount really debited, for that time, and
 *    enters `captured` then. The hold says when: `visibleAtMs`.
 * 10. **Expiry.** A `reserved` hold is released when its time is over on the store's clock. A `sent` one never is.
 * 11. **`captured` never decreases** within an epoch.
 * 12. **Finished references are remembered**, the captured ones long enough that a repeated payout is refused; how many is
 *    said by the store.
 * 13. **Listing** is oldest first, in pages, and leaves out nothing that stays unchanged meanwhile.
 * 14. **Claims.** A sent hold is given to one owner at a time, until the lease ends or the hold does.
 * 15. **Unknown references** are `unknown`; nothing is created by settling.
 * 16. **A lost reply** means that the operation may have happened or not. Asking `get` tells.
 * 17. **Attempts.** A hold is moved on by its own attempt, or by whoever names none. Another attempt is `illegal`, whatever
 *    the state: the holder of a reservation that expired cannot touch the hold of a retry.
 * 18. **Bounded time.** A store answers or rejects; it does not leave its caller waiting.
 * 19. **Freezing.** From the answer of `freeze` on, whoever holds from the wallet is told `frozen`, until it is unfrozen. Holds that
 *    are there move on as ever. A wallet that is frozen already keeps its time and gets the new reason.
 * 20. **Notes** are small facts that the processes of a store share, not about money: a key of 1 to 256 and a text of 1 to 16,384
 *    printable characters. `swapNote` changes a note exactly if it is what the caller expects, in one step: of several callers that
 *    expect the same, one is told true. Notes live as long as the store's memory; nobody puts them back.
 */
export interface HoldStore {
  /** For messages and metrics: `memory`, `redis`, `postgres`. */
  readonly name: string;
  totals(wallet: string): MaybePromise<WalletTotals>;
  hold(request: HoldRequest): MaybePromise<HoldOutcome>;
  settle(request: SettleRequest): MaybePromise<SettleOutcome>;
  get(reference: string): MaybePromise<HoldRecord | undefined>;
  list(filter: HoldFilter): MaybePromise<HoldPage>;
  /** Sent holds, oldest first, that nobody else is given for the time of the lease. */
  claimSent(request: ClaimRequest): MaybePromise<HoldPage>;
  /** Freezes a wallet; without a reason, unfreezes it. Either may be repeated. */
  freeze(wallet: string, reason: string | undefined): MaybePromise<void>;
  /** The note with this key, if there is one. */
  note(key: string): MaybePromise<string | undefined>;
  /** Writes a note, or without a `value` deletes it, if it is `expected` now; without one, if there is none. Says whether it did. */
  swapNote(key: string, expected: string | undefined, value: string | undefined): MaybePromise<boolean>;
  /** Lets go of timers and of whatever the store opened itself. Idempotent. */
  close(): Promise<void>;
}

/** Asks a store. Whatever it throws becomes a {@link BalanceUnavailableError} with reason `store`. */
export function askStore<T>(store: HoldStore, ask: (store: HoldStore) => MaybePromise<T>): MaybePromise<T> {
  try {
    const answer = ask(store);
    return isPromise(answer) ? answer.catch(rethrowAsStoreFailure) : answer;
  } catch (error) {
    return rethrowAsStoreFailure(error);
  }
}

export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as Promise<T> | undefined)?.then === 'function';
}

function rethrowAsStoreFailure(error: unknown): never {
  throw isPayoutGuardError(error) ? error : new BalanceUnavailableError('store', { cause: redactedCause(error) });
}

export function storeIsRecovering(forMs: number): BalanceUnavailableError {
  const detail = 'it lost its memory and waits for open holds to be put back';
  return new BalanceUnavailableError('store', { detail, retryAfterMs: forMs });
}
