// Any balance API in about ten lines: where it is, what it answers, and which figure may be spent.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createPayoutGuard } from 'payout-guard';
import { httpProvider } from 'payout-guard/providers/http';
import { z } from 'zod';

// Stands in for the remote API: it knows a ledger balance too, which must not be spent.
const remote = createServer((req, res) => {
  const currency = new URL(req.url ?? '', 'http://remote').pathname.split('/').at(-1);
  const data = `{"currency":"${currency}","available_balance":9007199254740993.55,"ledger_balance":9007199254750000}`;
  res.setHeader('content-type', 'application/json').end(`{"status":"success","data":${data}}`);
}).listen(0, '127.0.0.1');
await once(remote, 'listening');
const baseUrl = `http://127.0.0.1:${(remote.address() as AddressInfo).port}`;

const provider = httpProvider({
  name: 'acme',
  url: `${baseUrl}/v3/balances/KES`,
  headers: () => ({ authorization: `Bearer ${process.env.ACME_SECRET_KEY ?? 'test-key'}` }),
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

const guard = createPayoutGuard({ provider, currency: 'KES' });
const { available, details } = await guard.funds();
console.log(`available ${available} KES, to the last cent; ledger ${details.ledger}, for display`);
console.log(`9007199254740993.56 fits: ${(await guard.checkFunds('9007199254740993.56')).sufficient}`);

await guard.close();
remote.closeAllConnections();
remote.close();
