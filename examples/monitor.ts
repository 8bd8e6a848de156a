// Alerts of a wallet that runs low: by a function and by a signed webhook, against a simulated JPay.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createPayoutGuard } from 'payout-guard';
import { type Alert, createMonitor, signatureHeader, verifyWebhook } from 'payout-guard/monitor';
import { jpay } from 'payout-guard/providers/jpay';
import { jpaySimulator } from 'payout-guard/testing';

const secret = 'whsec_keep-me-in-a-vault';

// Whoever is on call receives alerts here.
const receiver = createServer(async (request, response) => {
  const body = await text(request);
  const signature = request.headers[signatureHeader];
  const isOurs = verifyWebhook({ body, signature: typeof signature === 'string' ? signature : undefined, secret });
  if (isOurs) console.log(`  webhook: ${sentence(JSON.parse(body) as Alert)}`);
  response.writeHead(isOurs ? 204 : 400).end();
}).listen(0, '127.0.0.1');
await once(receiver, 'listening');

const simulator = await jpaySimulator({ payout: '120000.00' });
const { url: baseUrl, appKey, appSecret } = simulator;
const guard = createPayoutGuard({
  provider: jpay({ baseUrl, appKey, appSecret }),
  currency: 'KES',
  cache: { maxAgeMs: 0 }, // this example moves faster than a wallet
});

const monitor = createMonitor(guard, {
  wallets: [{ thresholds: ['100000', '50000'] }],
  schedule: { cron: '0 9,15 * * *', timeZone: 'Africa/Nairobi' },
  onAlert: (alert) => console.log(`  onAlert: ${sentence(alert)}`),
  webhook: { url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/alerts`, secret },
});
monitor.start(); // at 9 and at 15 o'clock; here we do not wait for it

for (const payout of ['120000.00', '99999.99', '99000.00', '104999.99', '105000.00', '49000.00']) {
  simulator.setBalance({ payout });
  console.log(`${payout} KES`);
  const { alerts } = await monitor.check();
  if (alerts.length === 0) console.log('  nothing to tell');
}

await monitor.close();
await guard.close();
await simulator.close();
receiver.close();

function sentence(alert: Alert): string {
  if (alert.kind !== 'low_balance' && alert.kind !== 'recovered') return alert.kind;
  return `${alert.kind}, ${alert.spendable} ${alert.currency} spendable, threshold ${alert.threshold}`;
}
