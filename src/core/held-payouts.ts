// The result of `holdAll`, whose balances are shown only when they are asked for by name.
import type { Decision } from './decision.js';
import type { HeldPayouts, Hold, LeftOutPayout } from './payout-guard.js';

type Facts = Omit<HeldPayouts, 'wallet' | 'currency' | 'missing'>;

export class HeldPayroll implements HeldPayouts {
  readonly wallet: string;
  readonly currency: string;
  readonly holds: readonly Hold[];
  readonly leftOut: readonly LeftOutPayout[];
  readonly required: string;
  readonly held: string;
  readonly #decision: Decision;

  constructor({ holds, leftOut, required, held, decision }: Facts) {
    this.wallet = decision.wallet;
    this.currency = decision.currency;
    this.holds = holds;
    this.leftOut = leftOut;
    this.required = required;
    this.held = held;
    this.#decision = decision;
  }

  get missing(): string {
    return this.#decision.shortfall;
  }

  get decision(): Decision {
    return this.#decision;
  }
}
