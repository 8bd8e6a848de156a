// Any balance API in about ten lines: its address, its answer and the figure that may be spent. Also a look-up of
// payouts.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createPayoutGuard, type PayoutAnswer } from 'payout-guard';
import { httpProvider } from 'payout-guard/providers/http';
import { z } from 'zod';
import { shutDown } from './support/service.js';

// Simulates the remote API. It has a ledger balance too, which must not be spent, and accepts payouts that complete
// later.
const transfers = new Map<string, string>();
const remote = createServer((req, res) => {
  const [, , kind, key = ''] = (req.url ?? '').split('/');
  const json = (body: string) => res.setHeader('content-type', 'application/json').end(body);
  if (kind === 'balances') {
    const data = `{"currency":"${key}","available_balance":9007199254740993.55,"ledger_balance":9007199254750000}`;
    json(`{"status":"success","data":${data}}`);
  } else if (req.method === 'POST') {
    void text(req).then((body) => {
      transfers.set(JSON.parse(body).reference, 'ACCEPTED');
      json('{"status":"success"}');
    });
  } else {
    const state = transfers.get(decodeURIComponent(key));
    if (!state) res.statusCode = 404;
    json(JSON.stringify({ status: state ? 'success' : 'error', data: { reference: decodeURIComponent(key), state } }));
  }
}).listen(0, '127.0.0.1');
await once(remote, 'listening');
const baseUrl = `http://127.0.0.1:${(remote.address() as AddressInfo).port}`;
const headers = () => ({ authorization: `Bearer ${process.env.ACME_SECRET_KEY ?? 'test-key'}` });

const provider = httpProvider({
  name: 'acme',
  // The account behind the key, never the key itself. The guard refuses a second wallet key for the same balance.
  accountId: 'merchant-4711',
  url: `${baseUrl}/v3/balances/KES`,
  headers,
  schema: z.object({
    status: z.literal('success'),
    data: z.object({ currency: z.string(), available_balance: z.string(), ledger_balance: z.string() }),
  }),
  select: ({ data }) => ({
    available: data.available_balance,
    currency: data.currency,
    details: { ledger: data.ledger_balance },
  }),
});

/**
 * The provider's final answer about a payout. Only a documented word settles. Everything else leaves the money held.
 */
async function lookup({ reference, signal }: { reference: string; signal: AbortSignal }): Promise<PayoutAnswer> {
  const url = `${baseUrl}/v3/transfers/${encodeURIComponent(reference)}`;
  const response = await fetch(url, { headers: headers(), redirect: 'error', signal });
  if (response.status === 404) return { outcome: 'unknown', absent: true }; // it may still be on its way
  const { data } = (await response.json()) as { data?: { reference?: unknown; state?: unknown } };
  if (data?.reference !== reference) return { outcome: 'unknown' };
  if (data.state === 'SUCCESSFUL') return { outcome: 'completed' };
  return { outcome: data.state === 'FAILED' ? 'failed' : 'pending' };
}

const guard = createPayoutGuard({ provider, currency: 'KES', lookup });
const { available, details } = await guard.funds();
console.log(`available ${available} KES, to the last cent; ledger ${details.ledger}, for display`);

const amount = '1500.00';
await guard.withHold({ amount, reference: 'payout-1' }, ({ reference, signal }) => {
  const body = JSON.stringify({ reference, amount, to: '+254712345678' });
  return fetch(`${baseUrl}/v3/transfers`, { method: 'POST', headers: headers(), body, redirect: 'error', signal });
});
console.log(`accepted: payout-1 is ${(await guard.getHold('payout-1'))?.state}`);
transfers.set('payout-1', 'SUCCESSFUL');
await guard.reconcile({ reference: 'payout-1' }); // a webhook of the provider would be a reason to ask now
console.log(`looked up: payout-1 is ${(await guard.getHold('payout-1'))?.state}`);

await shutDown({ guard });
remote.closeAllConnections();
remote.close();
