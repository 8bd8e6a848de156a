// npm run soak [-- --cycles N --seed S]: many request and response cycles through a route that holds, with clients that leave at
// random moments. Afterwards every hold must be settled or told as unknown, and nothing may have grown. Loopback only; ends by
// itself.
import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import express, { type ErrorRequestHandler } from 'express';
import { type BalanceProvider, createPayoutGuard, memoryStore } from 'payout-guard';
import { payoutGuardErrors, requireSufficientFunds } from 'payout-guard/express';
import { Random } from '../test/simulation/random.js';

const { values } = parseArgs({
  options: { cycles: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
});
const cycles = Number(values.cycles);
const concurrency = 64;
const random = new Random(Number(values.seed));

let lookupAnswers: 'completed' | 'unknown' = 'completed';
const provider: BalanceProvider = {
  name: 'soak',
  debitVisibleAt: 'completion',
  settles: 'onReturn',
  wallets: 'one',
  fetchBalance: async () => ({ available: '9000000000.00', currency: 'KES' }),
  lookup: async () => ({ outcome: lookupAnswers }),
};
const guard = createPayoutGuard({
  provider,
  currency: 'KES',
  store: memoryStore({ rememberFinished: 1_000 }),
  overdueAfterMs: 1_000,
  reconcileEveryMs: 0,
});
const holds = { held: 0, captured: 0, released: 0, overdue: 0 };
for (const name of ['held', 'captured', 'released', 'overdue'] as const) guard.on(name, () => void holds[name]++);
const warnings: string[] = [];
process.on('warning', ({ message }) => warnings.push(message));

const app = express();
app.use(express.json());
app.post(
  '/payouts',
  requireSufficientFunds(guard, { amount: () => '0.01', reference: (req) => req.get('Idempotency-Key') }),
  (req, res, next) => {
    const { status, delayMs } = req.body;
    const answer = () => (status === 500 ? next(new Error('payment failed')) : res.status(status).end());
    if (delayMs === 0) answer();
    else setTimeout(answer, delayMs);
  },
);
app.use(payoutGuardErrors());
app.use(((_error, _req, res, _next) => res.status(500).end()) as ErrorRequestHandler);
const server = createServer(app).listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
const agent = new Agent({ keepAlive: true, maxSockets: concurrency });

const clients = { answered: 0, left: 0 };
const heapMb: number[] = [];
const startedAtMs = Date.now();
const rounds = 5;
for (let round = 0; round < rounds; round++) {
  let left = Math.ceil(cycles / rounds);
  const client = async () => {
    while (left-- > 0) await cycle();
  };
  await Promise.all(Array.from({ length: concurrency }, client));
  // Handlers whose client left are still running for a moment. The last round's payouts stay unknown.
  await sleep(1_200);
  if (round === rounds - 1) lookupAnswers = 'unknown';
  await guard.reconcile();
  if (round < rounds - 1) heapMb.push(heapInUse());
}

const { next } = await guard.listHolds({ state: 'reserved' });
const open = holds.held - holds.captured - holds.released;
console.log(
  `${cycles} cycles in ${Math.round((Date.now() - startedAtMs) / 1_000)} s, clients ${JSON.stringify(clients)}`,
);
console.log(`holds ${JSON.stringify(holds)}, open ${open}, heap after each round ${heapMb.join(' ')} MB`);

const grownMb = (heapMb.at(-1) ?? 0) - (heapMb[0] ?? 0);
const problems = [
  holds.held > cycles / 2 || 'hardly any request held',
  clients.left > cycles / 20 || 'hardly any client left',
  open === holds.overdue || `${open} holds are open, ${holds.overdue} were told as unknown`,
  next === undefined || 'a hold is reserved',
  grownMb < 8 || `the heap grew by ${grownMb} MB`,
  warnings.length === 0 || `warnings: ${warnings.join('; ')}`,
].filter((problem) => problem !== true);

agent.destroy();
server.closeAllConnections();
server.close();
await guard.close();
for (const problem of problems) console.error(`FAILED: ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;

/** One request; a quarter of the clients leave somewhere between before the first byte and after the answer. */
async function cycle(): Promise<void> {
  const status = random.pick([201, 201, 201, 202, 400, 422, 500]);
  const body = JSON.stringify({ status, delayMs: random.pick([0, 0, 0, 1, 5]) });
  const headers = {
    'content-type': 'application/json',
    'idempotency-key': `p-${clients.answered + clients.left}-${random.next()}`,
  };
  const client = request({ port, host: '127.0.0.1', path: '/payouts', method: 'POST', headers, agent });
  let answered = false;
  client.once('response', (response) => {
    response.resume().once('end', () => {
      answered = true;
    });
  });
  client.on('error', () => {});
  const closed = new Promise((resolve) => client.once('close', resolve));
  client.end(body);
  if (random.chance(0.25)) setTimeout(() => client.destroy(), random.pick([0, 0, 1, 2, 4]));
  await closed;
  clients[answered ? 'answered' : 'left'] += 1;
}

function heapInUse(): number {
  globalThis.gc?.();
  return Math.round(process.memoryUsage().heapUsed / 1e6);
}
