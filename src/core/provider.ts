// The contract of a provider: the remote party that knows the balance. An adapter is our code for one.
import type { PayoutVerdict } from './verdict.js';

/** One request for a balance. */
export interface BalanceRequest {
  /** ISO 4217 code of the wallet's currency, as the application configured it. */
  readonly currency: string;
  /** Aborts when the guard gives up or closes. An adapter stops its own work then. */
  readonly signal: AbortSignal;
}

/** The balance of a wallet, as the provider sent it. */
export interface ProviderBalance {
  /**
   * The amount that can be spent on payouts now: plain decimal text in major units, exactly as the provider meant it.
   * May be negative.
   */
  readonly available: string;
  /** ISO 4217 code of that amount. */
  readonly currency: string;
  /**
   * Time at which the provider computed the figure, in epoch milliseconds, if it is known. A figure that was older than
   * the wallet's `visibilityLagMs` when it was asked for is refused, because payouts captured since would be missing
   * from it. So is one from the future, which proves nothing about its age.
   */
  readonly asOfMs?: number | undefined;
  /** Other figures (ledger, total, ...) as text, for display only. No decision ever receives them. */
  readonly details?: Readonly<Record<string, string>> | undefined;
}

/** A question about a payout whose outcome is not known. */
export interface PayoutQuestion {
  /** The reference the payout was sent with. */
  readonly reference: string;
  /** ISO 4217 code of the wallet's currency: a debit in another currency is not the debit of this wallet. */
  readonly currency: string;
  /**
   * Time at which it was sent, in epoch milliseconds of the store's clock: for providers that search a window of time.
   */
  readonly sentAtMs: number;
  /** Aborts when the guard gives up or closes. */
  readonly signal: AbortSignal;
}

/** The outcome of a payout, in the provider's own word. */
export interface PayoutAnswer {
  readonly outcome: PayoutVerdict;
  /** The real debit, fee included, in major units, if the provider reports it. */
  readonly debited?: string | undefined;
  /**
   * Number of payouts that were made under the reference, if there were several: each of them has left the wallet.
   * `debited` is that of one.
   * @defaultValue 1
   */
  readonly timesPaid?: number | undefined;
  /** The provider has no record of the payout; `outcome` is `unknown` then, because it may still be on its way. */
  readonly absent?: boolean | undefined;
}

/** An event that a provider posts. It is a reason to look the payout up, never an answer. */
export interface WebhookEvent {
  /** The reference of the payout it is about; undefined for events about anything else. */
  readonly reference: string | undefined;
}

/** Reads the webhooks of a provider. */
export interface ProviderWebhook {
  /**
   * Verifies the signature over the raw bytes and reads the reference. Returns undefined when the signature is wrong or
   * missing. Compares in constant time.
   */
  read(
    rawBody: Uint8Array,
    headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  ): WebhookEvent | undefined | Promise<WebhookEvent | undefined>;
}

/**
 * Reads the callbacks of a provider that does not sign them: anything that reaches their address may be forged. They
 * are received under a secret path only, and a callback is a reason to look the payout up, as a webhook is.
 */
export interface ProviderCallback {
  /** Returns the reference of the payout that the body is about; undefined for a body about anything else. */
  referenceOf(rawBody: Uint8Array): string | undefined;
}

/**
 * A balance API. One instance is one balance.
 *
 *  1. `fetchBalance` asks the remote party each time it is called; it keeps no balance.
 *  2. It never invents a balance: on any doubt it rejects, preferably with a `BalanceUnavailableError`.
 *  3. It ends within a bounded time and when `signal` aborts.
 *  4. `lookup`, if there is one, answers `completed` or `failed` only on the provider's final word about that
 *     reference.
 *  5. `verdictOfResult`, if there is one, judges only a value that has the provider's documented shape and carries that
 *     reference. Of everything else it returns undefined.
 *  6. Nothing it throws contains a secret; the guard shows other errors by name, code and stack only.
 */
export interface BalanceProvider {
  /**
   * For messages, metrics and the identity of the wallet: `jpay`, `interswitch`. 1 to 40 letters, digits, `-` or `_`.
   */
  readonly name: string;
  /**
   * Names the account behind the credentials: host and merchant or account number, for instance. Never a secret, and
   * unchanged when keys are rotated. The store keeps a hash of it, so that one balance is not promised under two keys.
   */
  readonly accountId?: string | undefined;
  /**
   * Longest reference that the provider takes, in characters; a longer one is refused before anything is held. 1 to
   * 128.
   * @defaultValue 128
   */
  readonly maxReferenceLength?: number | undefined;
  /**
   * References that the provider takes, if not all: another one is refused before anything is held. `words` completes
   * "the provider takes".
   * @defaultValue 1 to 128 visible ASCII characters
   */
  readonly referenceForm?: { readonly pattern: RegExp; readonly words: string } | undefined;
  /**
   * Moment at which the provider's balance shows a payout. `unknown` is treated as `completion`, the careful reading.
   */
  readonly debitVisibleAt: 'acceptance' | 'completion' | 'unknown';
  /**
   * Longest time after that moment in which the balance may not show it, in milliseconds: 0 only where the provider
   * documents it.
   * @defaultValue 10,000
   */
  readonly visibleAfterMs?: number | undefined;
  fetchBalance(request: BalanceRequest): Promise<ProviderBalance>;
  /** Looks up the outcome of a payout. With it the guard settles holds whose outcome got lost. */
  lookup?(question: PayoutQuestion): Promise<PayoutAnswer>;
  /**
   * `false`: the provider does not document how to look a payout up, so `lookup` may find nothing although the payout
   * was made.
   * @defaultValue true
   */
  readonly lookupIsDocumented?: boolean | undefined;
  /**
   * Look-ups under way at the same time; 1 where the provider allows one session.
   * @defaultValue 4
   */
  readonly lookupConcurrency?: number | undefined;
  /** Judges the provider's answer to a payment call; undefined of any other value. */
  verdictOfResult?(result: unknown, about: { readonly reference: string }): PayoutVerdict | undefined;
  /** For a provider that signs its events. */
  readonly webhook?: ProviderWebhook | undefined;
  /** For a provider that posts events without a signature. */
  readonly callback?: ProviderCallback | undefined;
}
