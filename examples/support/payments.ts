// Payment calls of two providers. In your API: your existing calls.
//
// Each sends the reference of the hold, so that the outcome can be looked up by it, and resolves to the answer of the
// provider, which the adapter judges. Each throws PayoutRejectedError only for an answer that proves that nothing was
// paid. Any other error, such as a timeout, leaves the outcome open and the money held.
import { PayoutRejectedError } from 'payout-guard';

/** One payout. */
export interface Payout {
  /** The key of the wallet it is paid from. */
  readonly wallet: string;
  /** The payee: a phone number. */
  readonly to: string;
  /** Decimal text in major units. */
  readonly amount: string;
  /** The reference of its hold. */
  readonly reference: string;
  /** Aborts when the payout must not be sent any more. */
  readonly signal: AbortSignal;
}

/** Sends a payout to the provider of its wallet. Resolves to the provider's answer. */
export type MakePayment = (payout: Payout) => Promise<unknown>;

/** Access to JPay Africa. */
export interface JpayAccess {
  readonly baseUrl: string;
  /** A valid access token. */
  readonly accessToken: () => string;
  readonly appCode: number;
  /** Address that JPay calls when a payout has ended. */
  readonly callbackUrl: (payout: Payout) => string;
}

/** The documented reasons for which JPay does not execute a payout. */
const refusals: ReadonlySet<unknown> = new Set([
  'Invalid phone number',
  'Invalid amount',
  'Insufficient balance in payout wallet',
]);

/** Pays through JPay, whose answer is always `pending`. */
export function jpayPayments({ baseUrl, accessToken, appCode, callbackUrl }: JpayAccess): MakePayment {
  return async (payout) => {
    const response = await fetch(`${baseUrl}/payments/payouts/initiate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${accessToken()}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        payto: payout.to,
        amount: payout.amount,
        ref_no: payout.reference,
        callback_url: callbackUrl(payout),
        app_code: appCode,
      }),
      redirect: 'error',
      signal: AbortSignal.any([payout.signal, AbortSignal.timeout(10_000)]),
    });
    const answer: unknown = await response.json();
    if (response.ok) return answer;
    if (response.status === 400 && refusals.has((answer as { detail?: unknown } | null)?.detail)) {
      throw new PayoutRejectedError();
    }
    throw new Error(`JPay answered HTTP ${response.status}`);
  };
}

/**
 * Pays through the service in front of Interswitch Uganda. Its code is in the body, whatever the HTTP status; with
 * `returns: 'providerAnswer'` in the settings of the wallet, a code that proves a failure releases the hold.
 */
export function interswitchPayments(baseUrl: string): MakePayment {
  return async ({ to, amount, reference, signal }) => {
    const response = await fetch(`${baseUrl}/isw/payments/pay`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ requestReference: reference, amount, customerId: to, paymentCode: '53046936951' }),
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(20_000)]),
    });
    return response.json();
  };
}
