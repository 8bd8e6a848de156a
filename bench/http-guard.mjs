// The guard of the servers of the benches: a warm balance that covers everything.
import { createPayoutGuard } from 'payout-guard';
import { jpay } from 'payout-guard/providers/jpay';
import { jpaySimulator } from 'payout-guard/testing';

export async function warmGuard() {
  const { url: baseUrl, appKey, appSecret } = await jpaySimulator({ payout: '999999.99' });
  return createPayoutGuard({
    provider: jpay({ baseUrl, appKey, appSecret }),
    currency: 'KES',
    cache: { maxAgeMs: 120_000 },
  });
}
