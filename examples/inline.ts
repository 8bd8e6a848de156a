// The guard without a web framework: one line before the payment you already make.
import { createPayoutGuard, InsufficientFundsError } from 'payout-guard';
import { interswitch } from 'payout-guard/providers/interswitch';
import { interswitchSimulator } from 'payout-guard/testing';

// In your service this is the address of your Interswitch service.
const simulator = await interswitchSimulator({ available: '250000', ledger: '900000' });

const guard = createPayoutGuard({
  provider: interswitch({ baseUrl: simulator.url }),
  currency: 'UGX',
  floor: '50000', // never spent
});
const { assertSufficientFunds } = guard;

async function makePayment(payment: { to: string; amount: string }): Promise<void> {
  console.log(`paid ${payment.amount} UGX to ${payment.to}`);
}

for (const payment of [
  { to: '0772000001', amount: '200000' },
  { to: '0772000002', amount: '200001' }, // the ledger has it, the available balance does not
]) {
  try {
    await assertSufficientFunds(payment.amount);
    await makePayment(payment);
  } catch (error) {
    if (!(error instanceof InsufficientFundsError)) throw error;
    console.log(`not paid: ${payment.amount} UGX to ${payment.to}, ${error.shortfall} UGX short`);
  }
}

await guard.close();
await simulator.close();
