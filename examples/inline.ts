// The guard without a web framework, around an existing payment call.
import { createPayoutGuard, InsufficientFundsError } from 'payout-guard';
import { interswitch } from 'payout-guard/providers/interswitch';
import { interswitchSimulator } from 'payout-guard/testing';
import { interswitchPayments } from './support/payments.js';
import { shutDown } from './support/service.js';

// In your service: the address of your Interswitch service.
const simulator = await interswitchSimulator({ available: '250000', ledger: '900000' });

const guard = createPayoutGuard({
  provider: interswitch({ baseUrl: simulator.url }),
  currency: 'UGX',
  floor: '50000', // never spent
  returns: 'providerAnswer', // the function below returns the provider's answer, so its "failed" releases the hold
});
const makePayment = interswitchPayments(simulator.url);

// Advice only, for a form or a report: it takes no hold, so two checks at the same time may both be approved. Never pay
// on it.
const { sufficient } = await guard.checkFunds('200000');
console.log(`200000 UGX would be covered now: ${sufficient}`);

// Holds the money while the payment is made, and settles the hold by the provider's answer.
for (const payment of [
  { id: 'salary-1', to: '0772000001', amount: '150000' },
  { id: 'salary-2', to: '0772000002', amount: '50001' }, // the ledger has it, the available balance does not
]) {
  const { id, to, amount } = payment;
  try {
    await guard.withHold({ amount, reference: id }, ({ wallet, reference, signal }) =>
      makePayment({ wallet, to, amount, reference, signal }),
    );
    console.log(`paid ${amount} UGX to ${to}: ${(await guard.getHold(id))?.state}`);
  } catch (error) {
    if (!(error instanceof InsufficientFundsError)) throw error;
    console.log(`not paid: ${amount} UGX to ${to}: ${error.code}`);
  }
}

await shutDown({ guard });
await simulator.close();
