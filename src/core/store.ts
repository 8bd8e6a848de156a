// The contract of a store: where holds live. First the requests and their outcomes, then the numbered rules, which
// `HoldStore` has at the end. `hold.ts` has a hold and its states.
import type { Currency } from './currency.js';
import type { HoldRecord } from './hold.js';
import type { ClaimPage, ClaimRequest, HoldFilter, HoldPage } from './store-pages.js';

export type { ClaimPage, ClaimRequest, HoldFilter, HoldPage } from './store-pages.js';

/** A value, or a promise of it. The memory store answers synchronously, so a warm check costs no extra turn. */
export type MaybePromise<T> = T | Promise<T>;

/** A freeze: nothing is approved from the wallet until an operator lifts it. */
export interface Freeze {
  /** The operator's reason; 1 to 200 printable characters. */
  readonly reason: string;
  /** Start of the freeze, in epoch milliseconds of the store's clock. */
  readonly sinceMs: number;
}

/** The counters of one wallet, read in one atomic step. */
export interface WalletTotals {
  /**
   * Random text created when the store's memory began. Another epoch means that the store lost everything before it.
   */
  readonly epoch: string;
  /** Sum of all open (reserved and sent) holds, and of captures that the balance does not show yet, in minor units. */
  readonly active: bigint;
  /** Sum of all captures that the balance shows, in this epoch, in minor units. Only grows. */
  readonly captured: bigint;
  /**
   * Positive while the store waits for processes to restore their open holds after it lost data, in milliseconds:
   * nothing is approved until then.
   */
  readonly recoveringForMs?: number | undefined;
  /** Present while the wallet is frozen. */
  readonly frozen?: Freeze | undefined;
}

/** A request to check and hold in one step. */
export interface HoldRequest {
  readonly wallet: string;
  readonly reference: string;
  /** Random text, unique to this request. */
  readonly attempt: string;
  /** The promised amount, fee included, in minor units; positive. */
  readonly amountMinor: bigint;
  /** The currency of the amount; kept with the hold. */
  readonly currency: Currency;
  /** `sent` for a payout that starts at once. */
  readonly state: 'reserved' | 'sent';
  /** Lifetime of a `reserved` hold, in milliseconds of the store's clock. */
  readonly expiresInMs: number;
  /** For how long the code that pays may send, when the hold begins as `sent`, in milliseconds. */
  readonly sendsForMs: number;
  /** The epoch that `limitMinor` was computed in. */
  readonly epoch: string;
  /** `available - floor + mark` of the snapshot: the most that `active + captured` may reach, this hold included. */
  readonly limitMinor: bigint;
  /** Digest of the payee, if the application names one: another payee under the same reference is a conflict. */
  readonly fingerprint?: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  /** The daily limits that it must fit in; absent for a wallet that has none. */
  readonly limits?: DayLimits | undefined;
}

/** The daily limits of a hold, and the day that it counts on. */
export interface DayLimits {
  /** The date in the time zone of the wallet, as the number of days since 1970-01-01. */
  readonly day: number;
  /** The first moment of that day, in epoch milliseconds. */
  readonly startMs: number;
  /** The first moment of the next day, in epoch milliseconds. */
  readonly endMs: number;
  /** The most that all holds of the day may count together, in minor units; none when absent. */
  readonly perDayMinor?: bigint | undefined;
  /** Digest of the payee, if the wallet limits payees. */
  readonly payee?: string | undefined;
  /** The most that the holds of the payee may count on the day, in minor units; none when absent. */
  readonly perPayeeMinor?: bigint | undefined;
  /** Accepts counters that lack what was held before the memory of the store began. */
  readonly countSinceStart?: boolean | undefined;
}

/** The outcome of a {@link HoldRequest}. `totals` are those that decided it, before this hold. */
export type HoldOutcome =
  | { readonly outcome: 'held'; readonly hold: HoldRecord; readonly totals: WalletTotals }
  /** The amount does not fit. Nothing was changed. */
  | { readonly outcome: 'insufficient'; readonly totals: WalletTotals }
  /** The request's epoch is not the store's, so its limit is stale. Nothing was changed. */
  | { readonly outcome: 'stale_epoch'; readonly totals: WalletTotals }
  /** The store lost data and waits for open holds to be restored. Nothing was changed. */
  | { readonly outcome: 'recovering'; readonly forMs: number }
  /** The wallet is frozen. Nothing was changed. */
  | { readonly outcome: 'frozen'; readonly frozen: Freeze }
  | LimitRefusal
  /**
   * The reference is taken. Nothing was changed. With `retryAfterMs`: the hold is open, and so young that its caller
   * may have been refused without an answer of the store; then it is undone soon.
   */
  | { readonly outcome: 'exists'; readonly hold: HoldRecord; readonly retryAfterMs?: number | undefined };

/** One payout of a {@link HoldAllRequest}: its own hold and reference. */
export type BatchPayout = Pick<HoldRequest, 'reference' | 'amountMinor' | 'fingerprint' | 'metadata' | 'limits'>;

/** A reserved hold that already has the money of the payouts. */
export interface HoldSource {
  readonly reference: string;
  readonly attempt: string;
}

/** A request to hold several payouts of one wallet in one step. All of them are reserved. */
export interface HoldAllRequest
  extends Pick<HoldRequest, 'wallet' | 'attempt' | 'currency' | 'expiresInMs' | 'epoch' | 'limitMinor'> {
  /** `all`: each payout is held, or none. `fit`: in their order, each that fits. */
  readonly policy: 'all' | 'fit';
  /**
   * Takes the amounts out of this hold instead of comparing them with `limitMinor`: its money is promised already. Only
   * with `all`.
   */
  readonly from?: HoldSource | undefined;
  /** 1 to 1,000, each with another reference. */
  readonly payouts: readonly BatchPayout[];
}

/** The outcome of a {@link HoldAllRequest}. */
export type HoldAllOutcome =
  /** For each payout, in their order, what `hold` would have answered. With `all`, each is `held`. */
  | { readonly outcome: 'done'; readonly holds: readonly HoldOutcome[] }
  /**
   * With `all`: at least one payout was refused, so nothing was changed. The totals are those before the batch; absent
   * when none decided anything.
   */
  | {
      readonly outcome: 'refused';
      readonly refusals: readonly HoldRefusal[];
      readonly totals?: WalletTotals | undefined;
    }
  /**
   * The hold in `from` is not reserved any more, belongs to another attempt or wallet, or has too little; undefined if
   * there is none. Nothing was changed.
   */
  | { readonly outcome: 'illegal'; readonly hold: HoldRecord | undefined };

/** A payout that could not be held, and why. */
export type HoldRefusal = { readonly reference: string } & Exclude<HoldOutcome, { readonly outcome: 'held' }>;

/** A hold that was refused because of its {@link DayLimits}. Nothing was changed. */
export type LimitRefusal =
  /** The day of the request is not the one of the store's clock, which shows `nowMs`. */
  | { readonly outcome: 'stale_day'; readonly nowMs: number }
  /** The day began before the memory of the store did, so its counters lack what was held before `sinceMs`. */
  | { readonly outcome: 'limits_unknown'; readonly sinceMs: number; readonly nowMs: number }
  /** The amount does not fit in this limit, in which `usedMinor` is counted. */
  | {
      readonly outcome: 'over_limit';
      readonly limit: 'perPayee' | 'perDay';
      readonly usedMinor: bigint;
      readonly nowMs: number;
    };

/** A request to move a hold on. */
export type SettleRequest = Settlement & {
  readonly reference: string;
  /** Only the hold that this attempt took. Without it, whichever has the reference. */
  readonly attempt?: string | undefined;
};

type Settlement =
  | ExtendRequest
  | SendRequest
  /** The code that pays has ended without a known outcome: nothing is sent any more. The hold stays `sent`. */
  | { readonly to: 'returned' }
  | CaptureRequest
  | ReleaseRequest
  /** The provider's final word: the payout was not made and never will be. */
  | { readonly to: 'failed' };

/** Gives a reservation more time. */
export interface ExtendRequest {
  readonly to: 'reserved';
  /** New lifetime from now on, in milliseconds of the store's clock. */
  readonly expiresInMs: number;
}

/** Marks a payout as about to be sent. */
export interface SendRequest {
  readonly to: 'sent';
  /** For how long the code that pays may send, in milliseconds. */
  readonly sendsForMs: number;
  /** Identifies the handle of an attempt that marks the hold as sent. @defaultValue the attempt */
  readonly sender?: string | undefined;
  /** Checks the wallet once more: what `active + captured` may reach, this hold included, as computed in that epoch. */
  readonly check?: { readonly epoch: string; readonly limitMinor: bigint } | undefined;
}

export interface CaptureRequest {
  readonly to: 'captured';
  /** The real debit, in minor units; the held amount when absent. May be less or more than was held. */
  readonly actualMinor?: bigint | undefined;
  /** For how long the capture still counts as held, because the provider's balance shows it late; 0 or more. */
  readonly visibleInMs: number;
  /** The provider debits at acceptance: the money has left, but the outcome of the payout is still to be looked up. */
  readonly awaitsOutcome?: boolean | undefined;
}

export interface ReleaseRequest {
  readonly to: 'released';
  /** The payout certainly was not sent, although the hold is `sent`: the reference may be held again. */
  readonly notSent?: boolean | undefined;
  /** Only a hold that is reserved, or was given `sent` as this sender. */
  readonly sender?: string | undefined;
}

/** The outcome of a {@link SettleRequest}. */
export type SettleOutcome =
  | { readonly outcome: 'done'; readonly hold: HoldRecord }
  /** A capture after the release: counted all the same, because money that left is a fact. */
  | { readonly outcome: 'late'; readonly hold: HoldRecord }
  /** It was so already. Totals are unchanged; a note on the record (`failed`, `awaitsOutcome`) may not be. */
  | { readonly outcome: 'already'; readonly hold: HoldRecord }
  /** The hold is in a state that forbids it, or belongs to another attempt; nothing was changed. */
  | { readonly outcome: 'illegal'; readonly hold: HoldRecord }
  /** There is no such reference, or it was forgotten. */
  | { readonly outcome: 'unknown' }
  /**
   * There is no such reference, but the store lost data and waits for open holds to be restored: ask again later.
   */
  | { readonly outcome: 'recovering'; readonly forMs: number }
  /** The wallet is frozen, so nothing may be sent. Nothing was changed. */
  | { readonly outcome: 'frozen'; readonly frozen: Freeze }
  /** The check of a {@link SendRequest} failed: too little money. The hold stays reserved. */
  | { readonly outcome: 'insufficient'; readonly totals: WalletTotals }
  /** The check of a {@link SendRequest} was computed in another epoch. The hold stays reserved. */
  | { readonly outcome: 'stale_epoch'; readonly totals: WalletTotals };

/** A hold as the store has it now. */
export interface HoldReading {
  /** The hold; undefined when there is no such reference, or it was forgotten. */
  readonly hold: HoldRecord | undefined;
  /** The time of the store's clock, in epoch milliseconds. */
  readonly nowMs: number;
  /** Positive while the store waits for open holds to be restored: a reference that is missing may come back. */
  readonly recoveringForMs?: number | undefined;
}

/**
 * The store of holds. A store that cannot answer rejects; it never guesses. `storeContract` of `payout-guard/testing`
 * tests each rule under its number.
 *
 *  1. **Totals.** A wallet that was never used has `active` and `captured` of zero. Totals are of one instant.
 *  2. **Check and hold are one step.** `hold` grants exactly if `active + captured + amount <= limit`, however many
 *     requests arrive at the same time; a granted hold is in `active` before any other request is answered.
 *  3. **A hold costs the same** however many are open.
 *  4. **Epoch.** A hold whose `epoch` is not the store's is `stale_epoch`. The epoch changes when data was, or may have
 *     been, lost; holds are `recovering` then until every process had the time to restore its open ones.
 *  5. **One reference, one payout.** A reference that is open, captured or failed is `exists`, in every wallet. One
 *     that was released without being sent may be held again by another attempt for the same wallet and amount (`turn`
 *     counts that), otherwise it is `exists`. A request that is repeated by its own attempt is `held` again as long as
 *     the hold is as it was granted, and counts once.
 *  6. **`sent` is given once**, to a reserved hold that has not expired; otherwise `illegal`. In a frozen wallet it is
 *     `frozen`. With a `check`, it is given only if `active + captured <= limit` in that epoch. A hold that is not
 *     given it stays reserved.
 *  7. **Capture** moves the held amount out of `active` and the real debit into `captured`, less or more than held. It
 *     may be repeated (`already`), and counts once. After a release it is `late` for a request that names the attempt,
 *     counts all the same, and the hold is no longer `failed`; otherwise it is `illegal`.
 *  8. **Release** takes the held amount out of `active`. It may be repeated, and counts once. After capture it is
 *     `illegal`. A hold that was `sent` is `failed` then, and its reference is not held again, unless the request has
 *     `notSent`.
 *  9. **Late visibility.** A capture with `visibleInMs` stays in `active`, with the real debit, for that time, and
 *     enters `captured` then. The hold shows when: `visibleAtMs`.
 * 10. **Expiry.** A `reserved` hold is released when its time is over on the store's clock. A `sent` one never is.
 * 11. **`captured` never decreases** within an epoch.
 * 12. **Finished references are remembered** for a time or number that the store documents. Captured and failed ones
 *     are never forgotten to make room for others.
 * 13. **Listing** is oldest first, in pages, limited to the wallets asked for, and leaves out nothing that stays
 *     unchanged meanwhile.
 * 14. **Claims.** An undecided hold (`sent`, or captured with `awaitsOutcome`) of a wallet asked for goes to one owner
 *     at a time, until the lease ends or the outcome is known.
 * 15. **Unknown references** are `unknown`, or `recovering` as long as the hold may still be restored; settling creates
 *     nothing.
 * 16. **A lost reply** means that the operation may have happened or not. `get` shows which.
 * 17. **Attempts.** A hold is moved on by its own attempt, or by a request that names none. Another attempt is
 *     `illegal`, whatever the state: the holder of a reservation that expired cannot touch the hold of a retry. A
 *     release that names a `sender` is `illegal` on a hold that was given `sent` to another one.
 * 18. **Bounded time.** A store answers or rejects; it does not leave its caller waiting.
 * 19. **Freezing.** From the answer of `freeze` on, holds from the wallet are `frozen`, and so is `sent`, until it is
 *     unfrozen. Holds that were sent move on as ever. A wallet that is frozen already keeps its time and gets the new
 *     reason.
 * 20. **Notes** are small facts that the processes of a store share, about wallets and not about payouts: a key of 1 to
 *     256 and a text of 1 to 16,384 printable characters. `swapNote` is a compare-and-set: of several callers that
 *     expect the same value, one succeeds. Notes live as long as the store's data.
 * 21. **Extending** gives a reservation a new lifetime from now on; anything but a reserved hold that has not expired
 *     is `illegal`.
 * 22. **The code that pays has a deadline.** A hold that becomes `sent` shows until when its payer may send
 *     (`sendsUntilMs`). `returned` moves that moment to now, once; it changes nothing else.
 * 23. **The final word** `failed` releases an open hold and closes its reference. On a capture with `awaitsOutcome` and
 *     on a released hold only the record changes (`already`). On any other capture it is `illegal`.
 * 24. **Currency and fingerprint** are kept with the hold, as the request had them.
 * 25. **A batch is one step.** `holdAll` answers for each payout what `hold` would have answered, one after the other,
 *     and no other request comes between them. Rules 2 to 5, 16 and 19 hold for each. All are reserved.
 * 26. **All or none.** With `all`, payouts are held only if each of them can be: together they fit, and no reference is
 *     taken. Otherwise nothing changes, and the answer names every payout that was refused.
 * 27. **A repeated batch counts once.** A batch that its own attempt repeats is held again as long as its holds are as
 *     they were granted.
 * 28. **A hold is split** by `from`: the amounts of the batch leave it and are held in the same step, so that `active`
 *     stays what it was. It must be reserved, of that attempt and wallet, and have as much; otherwise the batch is
 *     `illegal`. A hold that has nothing left is released, as one that was not sent.
 *
 * Daily limits, of stores that have {@link HoldStore.limits}:
 *
 * 30. **Limits and hold are one step.** A hold with `limits` is granted only if what is counted and the amount are
 *     together at most each limit; otherwise it is `over_limit`, payees first. It is counted before any other request
 *     is answered. A limit is checked after the reference, the freeze and the epoch, and before the money.
 * 31. **The day is the store's.** A hold is `stale_day` when the store's clock is outside of `startMs` and `endMs`.
 *     Payouts that come `from` a hold have its day and bounds that never end: it may have been granted before midnight.
 * 32. **A hold counts once**, for its wallet and for its payee: its amount from the grant on, the real debit instead
 *     once captured, nothing once released or expired. `sent`, extending and repeated requests count nothing. A late
 *     capture counts the debit again.
 * 33. **On the day of the grant**, whenever it ends: what a hold gives back or adds changes the counters of no other
 *     day, wallet or payee.
 * 34. **Unknown counters.** If the memory of the store began after the day did, a hold is `limits_unknown` until the
 *     next day, or `acceptLimits` of its wallet, unless it has `countSinceStart`. Data that was lost ends what was
 *     accepted before.
 * 35. **Holds without limits** count in none, and are refused by none.
 * 36. **Counters are forgotten** some days after their day, a few at a time.
 */
export interface HoldStore {
  /** For messages and metrics: `memory`, `sqlite`, `redis`, `postgres`. */
  readonly name: string;
  /**
   * The store counts daily limits: `durable` if it survives a restart of this process, else `process`.
   * @defaultValue it counts none, so wallets cannot have daily limits
   */
  readonly limits?: 'durable' | 'process' | undefined;
  totals(wallet: string): MaybePromise<WalletTotals>;
  hold(request: HoldRequest): MaybePromise<HoldOutcome>;
  /**
   * Most payouts of one `holdAll`, 1 to 1,000. A longer payroll is held in several steps.
   * @defaultValue 1,000
   */
  readonly maxPayouts?: number | undefined;
  /** Holds several payouts of one wallet in one round trip. Costs in proportion to their number. */
  holdAll(request: HoldAllRequest): MaybePromise<HoldAllOutcome>;
  settle(request: SettleRequest): MaybePromise<SettleOutcome>;
  get(reference: string): MaybePromise<HoldReading>;
  list(filter: HoldFilter): MaybePromise<HoldPage>;
  /** Leases undecided holds, oldest first. */
  claim(request: ClaimRequest): MaybePromise<ClaimPage>;
  /** Freezes a wallet; without a reason, unfreezes it. Either may be repeated. */
  freeze(wallet: string, reason: string | undefined): MaybePromise<void>;
  /** Accepts the counters of a wallet as they are, although the memory of the store is younger than the day. */
  acceptLimits?(wallet: string): MaybePromise<void>;
  /** The note with this key, if there is one. */
  note(key: string): MaybePromise<string | undefined>;
  /**
   * Writes a note, or without a `value` deletes it, if it is `expected` now; without an expected value, if there is
   * none. Resolves to true if it was written.
   */
  swapNote(key: string, expected: string | undefined, value: string | undefined): MaybePromise<boolean>;
  /** Clears timers and closes what the store opened itself. Idempotent. */
  close(): Promise<void>;
}

/** An operation of a store that can fail. */
export type StoreOperation = Exclude<keyof HoldStore, 'name' | 'limits' | 'maxPayouts' | 'close'>;
