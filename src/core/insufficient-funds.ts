// The refusal of a payout that the wallet cannot cover.
import type { Decision } from './decision.js';
import { PayoutGuardError } from './errors.js';

/** HTTP statuses an API may choose for {@link InsufficientFundsError}. */
export type InsufficientFundsStatus = 402 | 409 | 422;

/**
 * The wallet cannot cover the payout. The numbers of the decision are on the error for the program that catches it;
 * they are not enumerable, so they do not reach a log or a client by accident.
 */
export class InsufficientFundsError extends PayoutGuardError {
  override readonly name = 'InsufficientFundsError';
  override readonly code = 'insufficient_funds';
  readonly #decision: Decision;

  constructor(decision: Decision, status: InsufficientFundsStatus = 422) {
    super(
      decision.temporary
        ? 'The wallet cannot cover this payout while others are under way; it may succeed later.'
        : 'The wallet cannot cover this payout.',
      { status, expose: true },
    );
    this.#decision = decision;
  }

  /** The refused decision, with every number that led to it. */
  get decision(): Decision {
    return this.#decision;
  }
  /** Amount plus fee, decimal text. */
  get required(): string {
    return this.#decision.required;
  }
  /** The available balance, decimal text. */
  get available(): string {
    return this.#decision.available;
  }
  /** Sum of the open holds, decimal text. */
  get held(): string {
    return this.#decision.held;
  }
  /** The spendable amount, decimal text; negative when holds and floor exceed the available balance. */
  get spendable(): string {
    return this.#decision.spendable;
  }
  /** `required - spendable`, decimal text. */
  get shortfall(): string {
    return this.#decision.shortfall;
  }
  /** ISO 4217 code. */
  get currency(): string {
    return this.#decision.currency;
  }
  /** The key of the wallet. */
  get wallet(): string {
    return this.#decision.wallet;
  }
  /** Time at which the balance was requested. */
  get asOf(): Date {
    return this.#decision.asOf;
  }
  /** True when the payout would fit but for your other payouts, so a retry may succeed once they end. */
  get temporary(): boolean {
    return this.#decision.temporary;
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), temporary: this.temporary };
  }
}

/** By code, not by `instanceof`: the error may come from another copy of this package. */
export function isInsufficientFunds(error: PayoutGuardError): error is InsufficientFundsError {
  return error.code === 'insufficient_funds';
}
