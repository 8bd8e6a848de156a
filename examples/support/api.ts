// The parts of a payment API, whatever its framework.
import type { Hold, PayoutGuard } from 'payout-guard';
import type { MakePayment } from './payments.js';
import type { Operators, Tenants } from './tenants.js';

export interface PaymentApi {
  readonly guard: PayoutGuard;
  readonly tenants: Tenants;
  readonly makePayment: MakePayment;
}

/** A payment API that receives the callbacks of its provider, and has a console. */
export interface PaymentService extends PaymentApi {
  readonly operators: Operators;
  /** The secret behind the address that JPay posts its unsigned callbacks to. */
  readonly callbackSecret: string;
}

/** The body of a request for a payout. The amount is text: a number of JSON would not be exact. */
export interface PayoutBody {
  readonly to: string;
  readonly amount: string;
}

/** Returns the status of the answer to a payout. */
export function statusOf(hold: Hold | undefined): 201 | 202 | 422 {
  switch (hold?.state) {
    case 'captured': // the provider confirmed the payout
      return 201;
    case 'sent': // the outcome comes later
      return 202;
    default: // the provider rejected it
      return 422;
  }
}
