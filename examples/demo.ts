// `npm run demo`: payouts over real HTTP through the payment API next door, against simulated providers. Prints what was
// asked, what was answered and why, and fails if any answer is not the right one.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPayoutGuard, InsufficientFundsError } from 'payout-guard';
import { interswitch } from 'payout-guard/providers/interswitch';
import { jpay } from 'payout-guard/providers/jpay';
import { interswitchSimulator, type JpaySimulator, jpaySimulator } from 'payout-guard/testing';
import { type MakePayment, paymentApi } from './payment-api.js';

let wrongAnswers = 0;

await scene('JPay wallet with 12000.00 KES for payouts, 45000.00 collected', async () => {
  const simulator = await jpaySimulator({ payout: '12000.00', collection: '45000.00' });
  const { url: baseUrl, appKey, appSecret } = simulator;
  const guard = createPayoutGuard({ provider: jpay({ baseUrl, appKey, appSecret }), currency: 'KES' });
  const api = await serve(guard, async ({ amount }) => simulator.debit('payout', amount));

  await ask(api, '1500.00', { status: 201, why: 'the payout wallet covers it' });
  await ask(api, '12000.01', {
    status: 422,
    code: 'insufficient_funds',
    why: 'the collected money cannot be paid out',
  });
  await ask(api, '1,500.00', { status: 400, code: 'invalid_amount', why: 'separators are ambiguous: 1.5 or 1500?' });
  await ask(api, 0.1 + 0.2, { status: 400, code: 'invalid_amount', why: '0.1 + 0.2 is not 0.30 in floating point' });

  await sleep(1_000);
  say('top-up of 20000.00; the balance we remember is a second old');
  simulator.credit('payout', '20000.00');
  await ask(api, '12000.01', { status: 201, why: 'before it refuses, the guard asks once more' });

  await api.close();
  await guard.close();
  await simulator.close();
});

await scene('Interswitch wallet with 5000 UGX available, 9000000 in the ledger', async () => {
  const simulator = await interswitchSimulator({ available: '5000', ledger: '9000000' });
  const guard = createPayoutGuard({ provider: interswitch({ baseUrl: simulator.url }), currency: 'UGX' });
  const api = await serve(guard, async ({ amount }) => simulator.debit(amount));

  await ask(api, '5001', { status: 422, code: 'insufficient_funds', why: 'money in the ledger is not available yet' });
  await ask(api, '5000', { status: 201, why: 'the available balance covers it, to the last shilling' });

  await api.close();
  await guard.close();
  await simulator.close();
});

await scene('JPay wallet with 12000.00 KES, and JPay is down', async () => {
  const simulator = await jpaySimulator({ payout: '12000.00' });
  simulator.fault({ kind: 'html_500' });
  const { url: baseUrl, appKey, appSecret } = simulator;
  const guard = createPayoutGuard({ provider: jpay({ baseUrl, appKey, appSecret }), currency: 'KES' });
  const api = await serve(guard, async ({ amount }) => simulator.debit('payout', amount));

  await ask(api, '1.00', {
    status: 503,
    code: 'balance_unavailable',
    why: 'nobody can tell: that is not "insufficient"',
  });
  simulator.clearFaults();
  say('JPay is back');
  await ask(api, '1.00', { status: 201, why: 'the balance can be told again' });

  await api.close();
  await guard.close();
  await simulator.close();
});

await race();

console.log(wrongAnswers === 0 ? '\nEvery answer was the right one.' : `\n${wrongAnswers} wrong answers.`);
process.exitCode = wrongAnswers === 0 ? 0 : 1;

/** 50 payouts of 1500.00 at once, from a wallet that covers 8 of them and is debited when a payout completes. */
async function race(): Promise<void> {
  console.log('\nJPay wallet with 12000.00 KES: 50 payouts of 1500.00 at once, it covers 8');
  const naive = await raceWith(cachedBalance);
  const guarded = await raceWith(guardedPayouts);
  console.log(`  ${''.padEnd(22)}${'fetch, cache, compare'.padEnd(26)}payout-guard`);
  for (const figure of ['approved', 'overspent by', 'balance requests', 'wrong refusals'] as const) {
    console.log(`  ${figure.padEnd(22)}${String(naive[figure]).padEnd(26)}${guarded[figure]}`);
  }
  const expected = { approved: 8, 'overspent by': '0.00', 'balance requests': 1, 'wrong refusals': 0 };
  if (JSON.stringify(guarded) !== JSON.stringify(expected)) wrongAnswers += 1;
}

interface RaceResult {
  readonly approved: number;
  readonly 'overspent by': string;
  readonly 'balance requests': number;
  readonly 'wrong refusals': number;
}

/** Makes a payout if it thinks that the wallet covers it; says whether it did. */
type Payer = (amount: string, reference: string, pay: () => Promise<void>) => Promise<boolean>;

async function raceWith(
  payerFor: (simulator: JpaySimulator) => { payer: Payer; finish: () => Promise<void> },
): Promise<RaceResult> {
  const simulator = await jpaySimulator({ payout: '12000.00', debitAt: 'completion' });
  const { payer, finish } = payerFor(simulator);
  const payouts = Array.from({ length: 50 }, (_, index) => {
    const reference = `payout-${index}`;
    return payer('1500.00', reference, () => initiate(simulator, '1500.00', reference));
  });
  const approved = (await Promise.all(payouts)).filter(Boolean).length;
  for (const { refNo } of simulator.payouts) simulator.advance(refNo, 'completed');
  await finish();
  const left = simulator.balances().payout;
  const result = {
    approved,
    'overspent by': left.startsWith('-') ? left.slice(1) : '0.00',
    'balance requests': simulator.count('/wallets/balance'),
    'wrong refusals': Math.max(0, 8 - approved),
  };
  await simulator.close();
  return result;
}

/** What a provider's documentation suggests: fetch the balance, cache it for a while, compare, pay. */
function cachedBalance(simulator: JpaySimulator): { payer: Payer; finish: () => Promise<void> } {
  const headers = { authorization: `Bearer ${simulator.accessToken()}` };
  let cached: { balance: number; untilMs: number } | undefined;
  const payer: Payer = async (amount, _reference, pay) => {
    if (!cached || cached.untilMs < Date.now()) {
      const response = await fetch(`${simulator.url}/wallets/balance`, { headers });
      const { payout_wallet_balance } = (await response.json()) as { payout_wallet_balance: string };
      cached = { balance: Number.parseFloat(payout_wallet_balance), untilMs: Date.now() + 300_000 };
    }
    if (cached.balance < Number.parseFloat(amount)) return false;
    await pay();
    return true;
  };
  return { payer, finish: async () => {} };
}

function guardedPayouts(simulator: JpaySimulator): { payer: Payer; finish: () => Promise<void> } {
  const { url: baseUrl, appKey, appSecret } = simulator;
  const guard = createPayoutGuard({ provider: jpay({ baseUrl, appKey, appSecret }), currency: 'KES' });
  const payer: Payer = async (amount, reference, pay) => {
    try {
      await guard.withHold({ amount, reference }, pay);
      return true;
    } catch (error) {
      if (error instanceof InsufficientFundsError) return false;
      throw error;
    }
  };
  const finish = async () => {
    await guard.reconcile({ olderThanMs: 0 });
    await guard.close();
  };
  return { payer, finish };
}

async function initiate(simulator: JpaySimulator, amount: string, reference: string): Promise<void> {
  const response = await fetch(`${simulator.url}/payments/payouts/initiate`, {
    method: 'POST',
    headers: { authorization: `Bearer ${simulator.accessToken()}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      payto: '+254712345678',
      amount,
      ref_no: reference,
      callback_url: 'https://api.example/jpay/callbacks',
      app_code: 12345,
    }),
  });
  if (!response.ok) throw new Error(`JPay answered HTTP ${response.status}`);
}

interface Api {
  readonly url: string;
  readonly close: () => Promise<void>;
}

async function serve(guard: Parameters<typeof paymentApi>[0], makePayment: MakePayment): Promise<Api> {
  const server = paymentApi(guard, makePayment).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function scene(title: string, play: () => Promise<void>): Promise<void> {
  console.log(`\n${title}`);
  console.log(`  ${'asked'.padEnd(22)}${'answered'.padEnd(26)}why`);
  await play();
}

function say(what: string): void {
  console.log(`  -- ${what}`);
}

async function ask(api: Api, amount: unknown, expected: { status: number; code?: string; why: string }): Promise<void> {
  const response = await fetch(`${api.url}/payouts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ to: '+254712345678', amount }),
  });
  const { code } = (await response.json()) as { code?: string };
  const right = response.status === expected.status && code === expected.code;
  if (!right) wrongAnswers += 1;
  const verdict = right ? expected.why : `WRONG: expected ${expected.status} ${expected.code ?? ''}`;
  console.log(`  ${String(amount).padEnd(22)}${`${response.status} ${code ?? 'paid'}`.padEnd(26)}${verdict}`);
}
