// npm run soak [-- --cycles N --seed S]: many request and response cycles through routes that hold, with payments that
// end in every way, handlers with any answer, and clients that disconnect at random moments. Afterwards every hold must
// be settled or reported as overdue, and no resource may have grown. Runs on loopback only, and ends without a signal.
import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import express, { type ErrorRequestHandler } from 'express';
import { type BalanceProvider, createPayoutGuard, memoryStore, PayoutRejectedError } from 'payout-guard';
import { payoutGuardErrors, payoutRoute, requireSufficientFunds } from 'payout-guard/express';
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
  accountId: 'soak',
  debitVisibleAt: 'completion',
  visibleAfterMs: 0,
  fetchBalance: async () => ({ available: '9000000000.00', currency: 'KES' }),
  lookup: async () => ({ outcome: lookupAnswers }),
  verdictOfResult: (result) => (result === 'completed' || result === 'pending' ? result : 'unknown'),
};
const guard = createPayoutGuard({
  provider,
  currency: 'KES',
  store: memoryStore({ rememberFinished: 1_000 }),
  overdueAfterMs: 1_000,
  reconcileEveryMs: 0,
  lookupsPerSecond: 1_000,
});
const holds = { held: 0, captured: 0, released: 0, overdue: 0 };
for (const name of ['held', 'captured', 'released', 'overdue'] as const) guard.on(name, () => void holds[name]++);
guard.on('lookupFindsNothing', () => {}); // expected: the last round causes it
// A memory store this small must forget references, and some handlers answer 201 without a payment: one warning each.
const expectedWarnings = ['PAYOUT_GUARD_FORGETS', 'PAYOUT_GUARD_NOT_PAID'];
const warnings: (Error & { code?: string })[] = [];
process.on('warning', (warning: Error & { code?: string }) => warnings.push(warning));

const app = express();
app.use(express.json());
const payout = { amount: () => '0.01', reference: (req: express.Request) => req.body.id };
app.post(
  '/payouts',
  payoutRoute(guard, payout, async (req, res, pay) => {
    const { end, status, delayMs } = req.body;
    if (end !== 'none') {
      await pay(async () => {
        await sleep(delayMs);
        if (end === 'rejected') throw new PayoutRejectedError();
        if (end === 'failed') throw Object.assign(new Error('payment failed'), { status });
        return end;
      });
    }
    res.status(status).end();
  }),
);
app.post(
  '/existing',
  requireSufficientFunds(guard, {
    ...payout,
    verdictOn: (_req, res) => (res.statusCode === 201 ? 'completed' : res.statusCode === 410 ? 'failed' : undefined),
  }),
  (req, res, next) => {
    const { end, status, delayMs } = req.body;
    setTimeout(() => (end === 'failed' ? next(new Error('payment failed')) : res.status(status).end()), delayMs);
  },
);
app.use(payoutGuardErrors());
app.use(((_error, _req, res, _next) => {
  if (!res.headersSent) res.status(500).end();
}) as ErrorRequestHandler);
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
  // Handlers whose client disconnected may still run for a moment. The last round's payouts stay unknown.
  await sleep(1_200);
  if (round === rounds - 1) lookupAnswers = 'unknown';
  await guard.reconcile();
  if (round < rounds - 1) heapMb.push(heapInUse());
}

const reserved = await guard.listHolds({ state: 'reserved' });
const open = holds.held - holds.captured - holds.released;
console.log(
  `${cycles} cycles in ${Math.round((Date.now() - startedAtMs) / 1_000)} s, clients ${JSON.stringify(clients)}`,
);
console.log(`holds ${JSON.stringify(holds)}, open ${open}, heap after each round ${heapMb.join(' ')} MB`);

const grownMb = (heapMb.at(-1) ?? 0) - (heapMb[0] ?? 0);
const problems = [
  holds.held > cycles / 2 || 'fewer than half of the requests held',
  clients.left > cycles / 20 || 'fewer than a twentieth of the clients left',
  open === holds.overdue || `${open} holds are open, ${holds.overdue} were reported as overdue`,
  reserved.holds.length === 0 || `${reserved.holds.length} holds are reserved`,
  grownMb < 8 || `the heap grew by ${grownMb} MB`,
  isDeepStrictEqual(warnings.map((warning) => warning.code).sort(), expectedWarnings) ||
    `warnings are not each of ${expectedWarnings.join(', ')} once: ${warnings.join('; ')}`,
].filter((problem) => problem !== true);

agent.destroy();
server.close();
await guard.close();
server.closeAllConnections();
for (const problem of problems) console.error(`FAILED: ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;

/** Sends one request. A quarter of the clients disconnect at some point before the first byte or after the answer. */
async function cycle(): Promise<void> {
  const body = JSON.stringify({
    id: `p-${clients.answered + clients.left}-${random.next()}`,
    end: random.pick(['completed', 'completed', 'completed', 'pending', 'rejected', 'failed', 'none']),
    status: random.pick([201, 201, 202, 410, 409, 422, 500]),
    delayMs: random.pick([0, 0, 0, 1, 5]),
  });
  const path = random.chance(0.7) ? '/payouts' : '/existing';
  const headers = { 'content-type': 'application/json' };
  const client = request({ port, host: '127.0.0.1', path, method: 'POST', headers, agent });
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
