// `npm run demo`: payouts over real HTTP through payment-api.ts, against simulated providers. Prints each request, its
// answer and the reason, and fails if an answer is wrong. `npm run demo -- --console` then serves a console with a day
// of payouts from both wallets, until Ctrl-C.
import { setTimeout as sleep } from 'node:timers/promises';
import express, { type Express } from 'express';
import { createPayoutGuard, type PayoutGuard } from 'payout-guard';
import { interswitch } from 'payout-guard/providers/interswitch';
import { jpay } from 'payout-guard/providers/jpay';
import { interswitchSimulator, type JpaySimulator, jpaySimulator } from 'payout-guard/testing';
import { paymentApi } from './payment-api.js';
import { consoleDay } from './support/console-day.js';
import { interswitchPayments, jpayPayments, type MakePayment } from './support/payments.js';
import { listen, onStopSignal, type Service, shutDown } from './support/service.js';

const token = 'demo-token';
const tenants = new Map([[token, { id: 'demo', wallet: 'default' }]]);
const payee = '+254712345678';
let wrongAnswers = 0;
let keys = 0;

await scene('JPay wallet with 12000.00 KES for payouts, 45000.00 collected', async () => {
  const simulator = await jpaySimulator({ payout: '12000.00', collection: '45000.00' });
  const api = await serve(jpayGuard(simulator), jpayCalls(simulator));

  await ask(api, '1500.00', { status: 202, state: 'sent', why: 'the payout wallet covers it; JPay has accepted it' });
  await ask(api, '12000.01', { status: 422, code: 'insufficient_funds', why: 'collected money cannot be paid out' });
  await ask(api, '1,500.00', { status: 400, code: 'invalid_amount', why: 'separators are ambiguous: 1.5 or 1500?' });
  await ask(api, 0.1 + 0.2, { status: 400, code: 'invalid_amount', why: '0.1 + 0.2 is not 0.30 in floating point' });

  await sleep(1_000);
  note('top-up of 20000.00; the remembered balance is a second old');
  simulator.credit('payout', '20000.00');
  await ask(api, '12000.01', { status: 202, state: 'sent', why: 'before it refuses, the guard asks once more' });

  note('the first request is repeated with its Idempotency-Key');
  const repeated = { key: 'payout-1', status: 409, code: 'payout_in_progress', why: 'one reference is one payout' };
  await ask(api, '1500.00', repeated);
  await api.stop();
  await simulator.close();
});

await scene('Interswitch wallet with 5000 UGX available, 9000000 in the ledger', async () => {
  const simulator = await interswitchSimulator({ available: '5000', ledger: '9000000' });
  const provider = interswitch({ baseUrl: simulator.url });
  const guard = createPayoutGuard({ provider, currency: 'UGX', returns: 'providerAnswer' });
  const api = await serve(guard, interswitchPayments(simulator.url));

  await ask(api, '5001', { status: 422, code: 'insufficient_funds', why: 'money in the ledger is not available yet' });
  await ask(api, '5000', {
    status: 201,
    state: 'captured',
    why: 'the available balance covers it, to the last shilling',
  });
  await api.stop();
  await simulator.close();
});

await scene('JPay wallet with 12000.00 KES, and JPay is down', async () => {
  const simulator = await jpaySimulator({ payout: '12000.00' });
  simulator.fault({ kind: 'html_500' });
  const api = await serve(jpayGuard(simulator), jpayCalls(simulator));

  await ask(api, '1.00', { status: 503, code: 'balance_unavailable', why: 'unknown is not "insufficient"' });
  simulator.clearFaults();
  note('JPay is back');
  await ask(api, '1.00', { status: 202, state: 'sent', why: 'the balance is known again' });
  await api.stop();
  await simulator.close();
});

await race();

console.log(wrongAnswers === 0 ? '\nEvery answer was the right one.' : `\n${wrongAnswers} wrong answers.`);
process.exitCode = wrongAnswers === 0 ? 0 : 1;
if (process.argv.includes('--console')) await serveConsole();

/** For you alone: it listens on this machine, and each person who opens it may act. Your application has operators. */
async function serveConsole(): Promise<void> {
  const { writeConsoleAssets } = await import('../scripts/console-assets.mjs');
  await writeConsoleAssets();
  const { payoutConsole } = await import('payout-guard/console');
  const { guard, history, monitor, close } = await consoleDay();
  const authorize = () => ({ name: 'demo operator', canAct: true });
  const app = express().use('/ops/payouts', payoutConsole(guard, { authorize, history, monitor }));
  const { server, url } = await listen(app);
  console.log(`\nThe console: ${url}/ops/payouts/ (Ctrl-C ends it)`);
  onStopSignal(async () => {
    server.close();
    await close();
    server.closeIdleConnections();
  });
}

/** 50 payouts of 1500.00 at once, from a wallet that covers 8 of them and is debited when a payout completes. */
async function race(): Promise<void> {
  console.log('\nJPay wallet with 12000.00 KES: 50 payouts of 1500.00 at once, it covers 8');
  const naive = await raceThrough(async (simulator) => {
    const { server, url } = await listen(cachingApi(simulator));
    return { url, stop: async () => void server.close(), settle: async () => {} };
  });
  const guarded = await raceThrough(async (simulator) => {
    const guard = jpayGuard(simulator);
    const settle = async () => void (await guard.reconcile({ olderThanMs: 0 }));
    return { ...(await serve(guard, jpayCalls(simulator))), settle };
  });
  console.log(`  ${''.padEnd(22)}${'fetch, cache, compare'.padEnd(26)}payout-guard`);
  for (const figure of ['approved', 'overspent by', 'wrong refusals'] as const) {
    console.log(`  ${figure.padEnd(22)}${String(naive[figure]).padEnd(26)}${guarded[figure]}`);
  }
  const expected = { approved: 8, 'overspent by': '0.00', 'wrong refusals': 0 };
  if (JSON.stringify(guarded) !== JSON.stringify(expected)) wrongAnswers += 1;
}

interface RaceResult {
  readonly approved: number;
  readonly 'overspent by': string;
  readonly 'wrong refusals': number;
}

async function raceThrough(
  start: (simulator: JpaySimulator) => Promise<Api & { settle: () => Promise<void> }>,
): Promise<RaceResult> {
  const simulator = await jpaySimulator({ payout: '12000.00', debitAt: 'completion' });
  const api = await start(simulator);
  const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => post(api, '1500.00', `race-${index}`)));
  const approved = answers.filter(({ status }) => status === 202).length;
  for (const { refNo } of simulator.payouts) simulator.advance(refNo, 'completed');
  await api.settle();
  await api.stop();
  const left = simulator.balances().payout;
  await simulator.close();
  return {
    approved,
    'overspent by': left.startsWith('-') ? left.slice(1) : '0.00',
    'wrong refusals': Math.max(0, 8 - approved),
  };
}

/**
 * The code that a provider's documentation suggests: fetch the balance, cache it for a while, compare, pay. Not safe.
 */
function cachingApi(simulator: JpaySimulator): Express {
  const makePayment = jpayCalls(simulator);
  let sent = 0;
  let cached: { balance: number; untilMs: number } | undefined;
  const balance = async (): Promise<number> => {
    if (cached && cached.untilMs > Date.now()) return cached.balance;
    const headers = { authorization: `Bearer ${simulator.accessToken()}` };
    const response = await fetch(`${simulator.url}/wallets/balance`, { headers });
    const { payout_wallet_balance } = (await response.json()) as { payout_wallet_balance: string };
    cached = { balance: Number.parseFloat(payout_wallet_balance), untilMs: Date.now() + 300_000 };
    return cached.balance;
  };

  const app = express();
  app.use(express.json());
  app.post('/payouts', (req, res, next) => {
    const { to, amount } = req.body;
    const reference = `payout-${++sent}`;
    const pay = async () => {
      if ((await balance()) < Number.parseFloat(amount)) return void res.status(422).json({});
      await makePayment({ wallet: 'default', to, amount, reference, signal: AbortSignal.timeout(10_000) });
      res.status(202).json({});
    };
    pay().catch(next);
  });
  return app;
}

function jpayGuard({ url: baseUrl, appKey, appSecret }: JpaySimulator): PayoutGuard {
  return createPayoutGuard({ provider: jpay({ baseUrl, appKey, appSecret }), currency: 'KES', lookupsPerSecond: 100 });
}

function jpayCalls(simulator: JpaySimulator): MakePayment {
  return jpayPayments({
    baseUrl: simulator.url,
    accessToken: () => simulator.accessToken(),
    appCode: 12_345,
    callbackUrl: () => 'https://api.example/jpay/callbacks',
  });
}

interface Api {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

async function serve(guard: PayoutGuard, makePayment: MakePayment): Promise<Api> {
  const { server, url } = await listen(paymentApi({ guard, tenants, makePayment }));
  const service: Service = { server, guard };
  return { url, stop: async () => void (await shutDown(service)) };
}

async function scene(title: string, play: () => Promise<void>): Promise<void> {
  console.log(`\n${title}`);
  console.log(`  ${'asked'.padEnd(22)}${'answered'.padEnd(26)}why`);
  keys = 0;
  await play();
}

function note(what: string): void {
  console.log(`  -- ${what}`);
}

interface Answer {
  readonly status: number;
  readonly code?: string;
  readonly state?: string;
}

async function post({ url }: Api, amount: unknown, key: string): Promise<Answer> {
  const response = await fetch(`${url}/payouts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, 'idempotency-key': key },
    body: JSON.stringify({ to: payee, amount }),
  });
  const { code, state } = (await response.json()) as Omit<Answer, 'status'>;
  return { status: response.status, ...(code && { code }), ...(state && { state }) };
}

async function ask(api: Api, amount: unknown, expected: Answer & { why: string; key?: string }): Promise<void> {
  keys += 1;
  const { status, code, state } = await post(api, amount, expected.key ?? `payout-${keys}`);
  const isRight = status === expected.status && code === expected.code && state === expected.state;
  if (!isRight) wrongAnswers += 1;
  const why = isRight ? expected.why : `WRONG: expected ${expected.status} ${expected.code ?? expected.state}`;
  console.log(`  ${String(amount).padEnd(22)}${`${status} ${code ?? state}`.padEnd(26)}${why}`);
}
