// The contract of a provider: the remote party that knows the balance. An adapter is our code for one.

/** One request for a balance. */
export interface BalanceRequest {
  /** The key of the wallet, as the application configured it. */
  readonly wallet: string;
  /** Aborts when the guard gives up or closes. An adapter stops its own work then. */
  readonly signal: AbortSignal;
}

/** What a provider says about a wallet. */
export interface ProviderBalance {
  /** What can be spent on payouts now: plain decimal text in major units, exactly as the provider meant it. */
  readonly available: string;
  /** ISO 4217 code of that amount. */
  readonly currency: string;
  /**
   * When the provider computed the figure, in epoch milliseconds, if it says so. A figure that was older than the guard's
   * `visibilityLagMs` when it was asked for is refused: payouts captured since would be missing from it.
   */
  readonly asOfMs?: number | undefined;
  /** Other figures (ledger, total, ...) as text, for display only. No decision ever receives them. */
  readonly details?: Readonly<Record<string, string>> | undefined;
}

/** What is asked about a payout whose outcome is not known. */
export interface PayoutQuestion {
  /** The reference the payout was sent with. */
  readonly reference: string;
  /** The key of the wallet. */
  readonly wallet: string;
  /** Aborts when the guard gives up or closes. */
  readonly signal: AbortSignal;
}

/**
 * What became of a payout, in the provider's own word:
 *
 * - `completed`: it was made. Final.
 * - `failed`: it was not made and never will be. Final.
 * - `pending`: it is under way.
 * - `unknown`: nobody can tell yet. A payout that cannot be found is unknown: it may still be on its way.
 */
export interface PayoutAnswer {
  readonly outcome: 'completed' | 'failed' | 'pending' | 'unknown';
  /** What was really debited, fee included, in major units, if the provider says so. */
  readonly debited?: string | undefined;
}

/**
 * A balance API.
 *
 * 1. `fetchBalance` asks the remote party each time it is called; it keeps no balance.
 * 2. It never makes a balance up: on any doubt it rejects, preferably with a `BalanceUnavailableError`.
 * 3. It ends within a bounded time and when `signal` aborts.
 * 4. `lookup`, if there is one, answers `completed` or `failed` only on the provider's final word.
 * 5. Nothing it throws contains a secret; the guard shows other errors by name, code and stack only.
 */
export interface BalanceProvider {
  /** For messages and metrics: `jpay`, `interswitch`. */
  readonly name: string;
  /** When the provider's balance shows a payout. `unknown` is treated as `completion`, the careful reading. */
  readonly debitVisibleAt: 'acceptance' | 'completion' | 'unknown';
  /** Whether a payout is over when the pay call returns. */
  readonly settles: 'onReturn' | 'later';
  /**
   * `one`: the credentials lead to one wallet, so the guard accepts one wallet key only; two keys for one balance would
   * promise it twice. `many`: `wallet` selects among several.
   */
  readonly wallets: 'one' | 'many';
  fetchBalance(request: BalanceRequest): Promise<ProviderBalance>;
  /** What became of a payout. With it the guard settles holds whose outcome got lost. */
  lookup?(question: PayoutQuestion): Promise<PayoutAnswer>;
}
