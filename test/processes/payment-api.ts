// A payment API that stops as docs/shutting-down.md describes. Before it ends, it prints its report: the payouts it
// leaves open, and the payments that began, with their times.
import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import { Redis } from 'ioredis';
import { createPayoutGuard, type HoldRecord, type HoldStore, type LeftOpen, memoryStore } from 'payout-guard';
import { payoutGuardErrors, payoutRoute } from 'payout-guard/express';
import { postgresStore } from 'payout-guard/stores/postgres';
import { redisStore } from 'payout-guard/stores/redis';
import pg from 'pg';
import { listen, onStopSignal, shutDown } from '../../examples/support/service.js';
import { BankClient } from '../faults/bank-client.js';
import { allHolds } from '../faults/checker.js';
import { changed } from '../support/stores.js';
import { monotonicMs } from './child.js';
import { measureLag } from './lag.js';

export type StoreName = 'memory' | 'redis' | 'postgres';

/** The environment of the API, as JSON in `API`. */
export interface ApiSetup {
  readonly store: StoreName;
  /** The prefix or schema of the store. */
  readonly space: string;
  /** The port of the proxy to the database. */
  readonly port: number;
  readonly bankUrl: string;
  readonly waitMs: number;
}

/** The body of a request. The bank receives the intended end, so that it follows from the seed of the test. */
export interface ApiRequest {
  readonly reference: string;
  readonly amount: string;
  readonly delayMs: number;
  readonly fate: 'paid' | 'rejected' | 'answer lost';
  /** The handler calls `pay` at once, or holds the money and calls it when the shutdown begins. */
  readonly pays: 'at once' | 'after the signal';
}

/** The messages to the test. */
export type FromApi =
  | { readonly kind: 'ready'; readonly url: string }
  /** A handler holds money and has not called `pay`. */
  | { readonly kind: 'reserved' }
  /** The shutdown has begun. */
  | { readonly kind: 'closing' }
  /** The store did not take a verdict, after the signal. */
  | { readonly kind: 'unsettled' };

/** Times are of the machine's monotonic clock. */
export interface ApiReport {
  readonly open: readonly LeftOpen[];
  /** The start time of each payment function, by reference. */
  readonly begun: readonly (readonly [reference: string, atMs: number])[];
  /** The end and end time of each `pay` whose payment function ran. */
  readonly ended: readonly (readonly [reference: string, end: PayEnd, atMs: number])[];
  /** Payouts whose verdict the store did not take at the first try, after the signal. */
  readonly unsettled: readonly string[];
  readonly signalledAtMs: number;
  /** The time of the guard's report. */
  readonly reportedAtMs: number;
  readonly endedAtMs: number;
  /** The time in which the machine kept the process from running after the signal. */
  readonly lagMs: number;
  /** The holds of a memory store, which end with the process. */
  readonly holds: readonly HoldRecord[];
}

/** The result of `pay`, or its rejection. */
export type PayEnd = 'paid' | 'rejected' | 'threw';

interface OpenStore {
  readonly store: HoldStore;
  readonly closeClient: () => Promise<unknown>;
}

const { store: name, space, port, bankUrl, waitMs } = JSON.parse(process.env.API ?? '') as ApiSetup;
const opened = await open();
const { closeClient } = opened;
let remembered: HoldRecord[] = [];
const store = name === 'memory' ? rememberedAtClose(opened.store) : opened.store;
const bank = new BankClient(bankUrl);
const guard = createPayoutGuard({
  provider: bank.balanceOf('prompt'),
  currency: 'KES',
  visibilityLagMs: 0,
  returns: 'providerAnswer',
  lookup: bank.lookUp,
  store,
});
const begun: [reference: string, atMs: number][] = [];
const ended: [reference: string, end: PayEnd, atMs: number][] = [];
const unsettled: string[] = [];
const tell = (message: FromApi) => void process.send?.(message);
let isStopping = false;
guard.on('settlementFailed', ({ reference }) => {
  // Before the signal no payout ends: it is the release of an earlier attempt, which a slow store did not confirm.
  if (!isStopping) return;
  unsettled.push(reference);
  tell({ kind: 'unsettled' });
});
let reportedAtMs: number | undefined;
guard.on('leftOpen', () => {
  reportedAtMs ??= monotonicMs();
});
let stopWaiting = () => {};
const signalled = new Promise<void>((resolve) => {
  stopWaiting = resolve;
});

const app = express();
app.use(express.json());
const source = {
  amount: (req: express.Request) => req.body.amount,
  reference: (req: express.Request) => req.body.reference,
};
app.post(
  '/payouts',
  payoutRoute(guard, source, async (req, res, pay) => {
    const { reference, amount, delayMs, fate, pays } = req.body as ApiRequest;
    if (pays === 'after the signal') {
      tell({ kind: 'reserved' });
      await signalled;
    }
    const minor = amount.replace('.', '');
    let hasBegun = false;
    const paying = pay(({ signal }) => {
      hasBegun = true;
      begun.push([reference, monotonicMs()]);
      const payment = {
        reference,
        wallet: 'prompt',
        amount: minor,
        actual: minor,
        delayMs,
        fate,
        isWebhook: false,
      } as const;
      return bank.send(payment, signal);
    });
    // A `pay` whose function did not run has sent nothing, and the client may retry.
    const note = (end: PayEnd) => hasBegun && ended.push([reference, end, monotonicMs()]);
    paying.then(
      ({ status }) => note(status === 'paid' ? 'paid' : 'rejected'),
      () => note('threw'),
    );
    const answer = await paying;
    res.status(answer.status === 'paid' ? 201 : 422).json({ code: answer.status });
  }),
);
app.use(payoutGuardErrors());
app.use(((_error, _req, res, _next) => {
  res.status(500).json({ code: 'unknown' });
}) satisfies express.ErrorRequestHandler);
const { server, url } = await listen(app);

onStopSignal(async () => {
  const signalledAtMs = monotonicMs();
  isStopping = true;
  const lag = measureLag();
  const stopped = shutDown({ server, guard, store, closeClient }, waitMs);
  stopWaiting();
  tell({ kind: 'closing' });
  const { open } = await stopped;
  const endedAtMs = monotonicMs();
  reportedAtMs ??= endedAtMs;
  const times = { signalledAtMs, reportedAtMs, endedAtMs, lagMs: lag() };
  const report: ApiReport = { open, begun, ended, unsettled, ...times, holds: remembered };
  console.log(JSON.stringify(report, (_, value) => (typeof value === 'bigint' ? `${value}` : value)));
  process.exit(open.length === 0 ? 0 : 1);
});
// Warms up, so that the first request finds a cached balance and a connected store. A slow machine needs more than one
// try. A store that was slow too often refuses at once, so without a pause nothing else would run any more.
while (!(await guard.checkFunds('1.00').catch(() => undefined))) await sleep(50);
tell({ kind: 'ready', url });

async function open(): Promise<OpenStore> {
  if (name === 'memory') return { store: memoryStore(), closeClient: async () => {} };
  if (name === 'redis') {
    const client = new Redis({ host: '127.0.0.1', port });
    // The client reconnects by itself.
    client.on('error', () => {});
    // Not `quit`, which waits for more than a minute while Redis is unavailable, and then rejects.
    const closeClient = async () => client.disconnect();
    return { store: redisStore({ client, prefix: space, recoveryMs: 0 }), closeClient };
  }
  const pool = new pg.Pool({
    host: '127.0.0.1',
    port,
    user: 'root',
    database: 'postgres',
    connectionTimeoutMillis: 1_000,
  });
  // The pool replaces the connection.
  pool.on('error', () => {});
  return { store: postgresStore({ pool, schema: space, recoveryMs: 0 }), closeClient: () => pool.end() };
}

/** A memory store ends with its process. Reads its holds when everything else is closed. */
function rememberedAtClose(memory: HoldStore): HoldStore {
  return changed(memory, {
    close: async () => {
      remembered = [...(await allHolds(memory)).values()];
      await memory.close();
    },
  });
}
