// A payment service without a shared store: the primary process of a cluster and its two workers have two guards each,
// all with their own memory store. Prints the warnings of each process.
import cluster from 'node:cluster';
import { createPayoutGuard, memoryStore } from 'payout-guard';
import { httpProvider } from 'payout-guard/providers/http';
import { z } from 'zod';

const name = cluster.isPrimary ? 'primary' : 'worker';
process.on('warning', (warning) => {
  if ('code' in warning) console.log(`${name}: ${warning.code}: ${warning.message}`);
});
if (cluster.isPrimary) for (let worker = 0; worker < 2; worker++) cluster.fork();

const provider = () =>
  httpProvider({
    name: 'bank',
    url: 'http://127.0.0.1:9/balance',
    schema: z.object({ available: z.string(), currency: z.string() }),
    select: (body) => body,
  });
const guards = [1, 2].map(() => createPayoutGuard({ provider: provider(), currency: 'KES', store: memoryStore() }));
for (const guard of guards) await guard.close();
cluster.worker?.disconnect();
