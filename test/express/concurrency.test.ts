// Fifty concurrent payouts of 1500 from a wallet of 12000: eight are made, and repetitions pay nothing more.
import { describe, expect, it } from '@jest/globals';
import { payoutGuardErrors, payoutRoute } from 'payout-guard/express';
import { everyStore } from '../support/every-store.js';
import { deferred, scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { type Answer, cleanUp, frameworks, listen, settled } from './api.js';

const atTheEnd = cleanUp();
const warnings = collectWarnings();

const places = (await everyStore()).flatMap(([name, store]) =>
  frameworks.map((framework) => [name, ...framework, store] as const),
);
const references = Array.from({ length: 50 }, (_, index) => `p-${index}`);

function count(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, code } of answers) {
    const key = code === undefined ? `${status}` : `${status} ${code}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

describe.each(places)('50 concurrent payouts through payoutRoute, with %s on %s', (_, __, express, { open }) => {
  /** A provider that debits when a payout completes, and counts the payments under each reference. */
  async function api(until: Promise<void>) {
    const wallet = scriptedWallet('12000.00');
    const guard = wallet.guard({ settles: 'onReturn', store: open(wallet.clock) });
    atTheEnd(() => guard.close({ waitMs: 0 }));
    const paid: string[] = [];
    const app = express();
    app.use(express.json());
    app.post(
      '/payouts',
      payoutRoute(
        guard,
        { amount: (req) => req.body.amount, reference: (req) => req.get('Idempotency-Key') },
        async (_req, res, pay) => {
          const receipt = await pay(async ({ reference }) => {
            paid.push(reference);
            await until;
            const available = Number(wallet.balance.available) - 1_500;
            wallet.balance = { ...wallet.balance, available: available.toFixed(2) };
            return { reference };
          });
          res.status(201).json(receipt);
        },
      ),
    );
    app.use(payoutGuardErrors());
    const { post } = await listen(app, atTheEnd);
    const send = (reference: string) => post({ reference, body: { amount: '1500.00' } }).answer;
    return { guard, wallet, paid, send, sendAll: () => Promise.all(references.map(send)) };
  }

  it('are paid 8 times and refused 42 times, and no repetition pays anything', async () => {
    const { guard, wallet, paid, sendAll } = await api(Promise.resolve());
    expect(count(await sendAll())).toEqual({ 201: 8, '422 insufficient_funds': 42 });
    expect([paid.length, new Set(paid).size, wallet.balance.available]).toEqual([8, 8, '0.00']);
    expect((await guard.funds({ refresh: true })).spendable).toBe('0.00');
    expect(count(await sendAll())).toEqual({ '409 duplicate_reference': 8, '422 insufficient_funds': 42 });
    expect([paid.length, wallet.balance.available, warnings]).toEqual([8, '0.00', []]);
  });

  it('are repeated while they are under way, and each is paid once', async () => {
    const gate = deferred<void>();
    const { guard, wallet, paid, send } = await api(gate.promise);
    const first = references.map((reference) => ({ reference, answer: send(reference) }));
    const refused: Answer[] = [];
    for (const { answer } of first) void answer.then((one) => one.status === 422 && refused.push(one));
    while (refused.length < 42 || paid.length < 8) await settled();
    expect(count(await Promise.all(references.map(send)))).toEqual({
      '409 payout_in_progress': 8,
      '422 insufficient_funds': 42,
    });
    expect([paid.length, (await guard.funds()).held]).toEqual([8, '12000.00']);
    gate.resolve();
    expect(count(await Promise.all(first.map(({ answer }) => answer)))).toEqual({
      201: 8,
      '422 insufficient_funds': 42,
    });
    expect(count(await Promise.all(references.map(send)))).toEqual({
      '409 duplicate_reference': 8,
      '422 insufficient_funds': 42,
    });
    expect([paid.length, new Set(paid).size, wallet.balance.available]).toEqual([8, 8, '0.00']);
  });
});
