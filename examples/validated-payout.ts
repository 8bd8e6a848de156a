// The whole way of a payout through the service of Interswitch Uganda: check the balance, validate the customer, hold,
// pay. A validation pays nothing, whatever it answers: only the payment itself settles the hold.
import { createPayoutGuard, InsufficientFundsError } from 'payout-guard';
import { interswitch } from 'payout-guard/providers/interswitch';
import { interswitchSimulator } from 'payout-guard/testing';
import { interswitchPayments } from './support/payments.js';
import { shutDown } from './support/service.js';

// In your service: the address of your Interswitch service.
const simulator = await interswitchSimulator({
  available: '250000',
  ledger: '900000',
  fee: '500',
  unknownCustomers: ['0770000000'],
});

const guard = createPayoutGuard({
  provider: interswitch({ baseUrl: simulator.url }),
  currency: 'UGX',
  returns: 'providerAnswer', // the payment call returns the provider's answer, so its "failed" releases the hold
});
const makePayment = interswitchPayments(simulator.url);

interface Validation {
  readonly responseCode: string;
  readonly response?: { readonly customerName: string; readonly surcharge: number } | null;
}

/** Asks who the customer is, and what a payment to them costs on top. */
async function validate(payment: { reference: string; to: string; amount: string }): Promise<Validation> {
  const { reference: requestReference, to: customerId, amount } = payment;
  const response = await fetch(`${simulator.url}/isw/payments/validation`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ requestReference, amount, customerId, paymentCode: '53046936951', currencyCode: 'UGX' }),
    redirect: 'error',
    signal: AbortSignal.timeout(20_000),
  });
  return (await response.json()) as Validation;
}

for (const payment of [
  { reference: 'salary-1', to: '0772000001', amount: '150000' },
  { reference: 'salary-2', to: '0770000000', amount: '20000' }, // no customer has this number
  { reference: 'salary-3', to: '0772000003', amount: '100000' }, // the ledger has it, the available balance does not
]) {
  const { reference, to, amount } = payment;
  try {
    await guard.assertSufficientFunds(amount); // advice only: spares a validation that leads nowhere
    const { responseCode, response } = await validate(payment);
    if (responseCode !== '90000' || !response) {
      console.log(`${reference}: not paid, customer ${to} is refused with ${responseCode}`);
      continue;
    }
    const fee = String(response.surcharge);
    await guard.withHold({ amount, fee, reference }, ({ wallet, signal }) =>
      makePayment({ wallet, to, amount, reference, signal }),
    );
    console.log(`${reference}: ${amount} UGX and ${fee} for ${response.customerName}: ${await stateOf(reference)}`);
  } catch (error) {
    if (!(error instanceof InsufficientFundsError)) throw error;
    console.log(`${reference}: not paid, ${error.code}`);
  }
}

async function stateOf(reference: string): Promise<string | undefined> {
  return (await guard.getHold(reference))?.state;
}

await shutDown({ guard });
await simulator.close();
