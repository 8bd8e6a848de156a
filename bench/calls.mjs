// (b) One call on a cached balance: ours with all its checks against a handwritten check.
import { Decimal } from 'decimal.js';
import { LRUCache } from 'lru-cache';
import { createPayoutGuard } from 'payout-guard';
import { interleaved, median, medianRatio } from './measure.mjs';

const rounds = 15;
const callsPerRound = 200_000;

export async function callBench() {
  const provider = {
    name: 'bench',
    accountId: 'bench',
    debitVisibleAt: 'completion',
    fetchBalance: async () => ({ available: '1000000.00', currency: 'KES' }),
  };
  const guard = createPayoutGuard({ provider, currency: 'KES', cache: { maxAgeMs: 120_000 } });
  const handWritten = byHand(provider);

  const figures = await interleaved(rounds, {
    handWritten: () => nanosecondsPerCall(handWritten),
    ours: () => nanosecondsPerCall(guard.assertSufficientFunds),
  });
  await guard.close();
  return {
    rounds,
    nanoseconds: { handWritten: Math.round(median(figures.handWritten)), ours: Math.round(median(figures.ours)) },
    oursToHandWritten: medianRatio(figures.handWritten, figures.ours),
  };
}

/** A careful handwritten check: a short-lived cache, exact decimals and an error when the balance is too low. */
function byHand(provider) {
  const balances = new LRUCache({ max: 1_000, ttl: 120_000 });
  return async (amount) => {
    let available = balances.get('default');
    if (available === undefined) {
      available = new Decimal((await provider.fetchBalance()).available);
      balances.set('default', available);
    }
    if (new Decimal(amount).greaterThan(available)) throw new Error('insufficient funds');
  };
}

async function nanosecondsPerCall(call) {
  const startedAt = process.hrtime.bigint();
  for (let index = 0; index < callsPerRound; index++) await call('1500.00');
  return Number(process.hrtime.bigint() - startedAt) / callsPerRound;
}
