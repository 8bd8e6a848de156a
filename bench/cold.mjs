// (c) The number of provider requests when many checks meet a cold cache at once.
import { createPayoutGuard } from 'payout-guard';
import { jpay } from 'payout-guard/providers/jpay';
import { jpaySimulator } from 'payout-guard/testing';

export async function coldBench(checks = 1_000) {
  const simulator = await jpaySimulator();
  const { url: baseUrl, appKey, appSecret } = simulator;
  const guard = createPayoutGuard({ provider: jpay({ baseUrl, appKey, appSecret }), currency: 'KES' });
  await Promise.all(Array.from({ length: checks }, () => guard.assertSufficientFunds('1500.00')));
  const requests = simulator.count('/wallets/balance');
  await guard.close();
  await simulator.close();
  return { checks, requests };
}
