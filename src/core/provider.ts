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
  /** When the provider computed the figure, in epoch milliseconds, if it says so. Figures older than 120 s are refused. */
  readonly asOfMs?: number | undefined;
  /** Other figures (ledger, total, ...) as text, for display only. No decision ever receives them. */
  readonly details?: Readonly<Record<string, string>> | undefined;
}

/**
 * A balance API.
 *
 * 1. `fetchBalance` asks the remote party each time it is called; it keeps no balance.
 * 2. It never makes a balance up: on any doubt it rejects, preferably with a `BalanceUnavailableError`.
 * 3. It ends within a bounded time and when `signal` aborts.
 * 4. Nothing it throws contains a secret; the guard shows other errors by name, code and stack only.
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
}
