// Low-balance alerts of two wallets, each in its own currency, through a function and a signed webhook, against
// simulated providers.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createPayoutGuard } from 'payout-guard';
import { type Alert, createMonitor } from 'payout-guard/monitor';
import { interswitch } from 'payout-guard/providers/interswitch';
import { jpay } from 'payout-guard/providers/jpay';
import { interswitchSimulator, jpaySimulator } from 'payout-guard/testing';
import { Webhook } from 'standardwebhooks';

const secret = `whsec_${randomBytes(32).toString('base64')}`; // keep yours in a vault

// The receiver of the on-call team.
const receiver = createServer(async (request, response) => {
  const body = await text(request);
  try {
    const alert = new Webhook(secret).verify(body, request.headers as Record<string, string>) as Alert;
    console.log(`  webhook: ${alert.message}`);
    response.writeHead(204).end();
  } catch {
    response.writeHead(400).end(); // not ours, changed, or too old
  }
}).listen(0, '127.0.0.1');
await once(receiver, 'listening');

const jpayWallet = await jpaySimulator({ payout: '120000.00' });
const interswitchWallet = await interswitchSimulator({ available: '9000000' });
const { url: baseUrl, appKey, appSecret } = jpayWallet;
const guard = createPayoutGuard({
  wallets: {
    'jpay-kes': { provider: jpay({ baseUrl, appKey, appSecret }), currency: 'KES' },
    'isw-ugx': { provider: interswitch({ baseUrl: interswitchWallet.url }), currency: 'UGX' },
  },
  cache: { maxAgeMs: 0 }, // this example moves faster than a wallet
});

const monitor = createMonitor(guard, {
  wallets: [
    { wallet: 'jpay-kes', thresholds: ['100000', '50000'] }, // in the currency of each wallet
    { wallet: 'isw-ugx', thresholds: ['5000000'] },
  ],
  schedule: { cron: '0 9,15 * * *', timeZone: 'Africa/Nairobi' },
  minBetweenMs: 0, // this example takes no 6 hours to recover
  onAlert: ({ message }) => console.log(`  onAlert: ${message}`),
  webhook: { url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/alerts`, secret },
});
monitor.start(); // at 9 and at 15 o'clock; this example runs its rounds itself

for (const [payout, available] of [
  ['120000.00', '9000000'],
  ['99999.99', '9000000'],
  ['99000.00', '4999999'],
  ['104999.99', '5100000'],
  ['105000.00', '5250000'],
  ['-250.00', '5250000'],
] as const) {
  jpayWallet.setBalance({ payout });
  interswitchWallet.setBalance({ available });
  console.log(`${payout} KES, ${available} UGX`);
  const { alerts } = await monitor.check();
  if (alerts.length === 0) console.log('  no alert');
}

await guard.close(); // first: a payout that it leaves open raises an alert
await monitor.close();
await Promise.all([jpayWallet.close(), interswitchWallet.close()]);
receiver.close();
