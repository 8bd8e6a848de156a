// Mode `observe` changes no answer of the API that it is mounted in, and reports what enforcing would have refused.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import express, { type Express, type RequestHandler } from 'express';
import { createPayoutGuard, type PayoutGuard } from 'payout-guard';
import { holdOf, payoutGuardErrors, requireSufficientFunds } from 'payout-guard/express';
import { interswitch } from 'payout-guard/providers/interswitch';
import { type InterswitchSimulator, interswitchSimulator } from 'payout-guard/testing';
import request from 'supertest';

interface Payout {
  readonly reference?: string;
  readonly amount: unknown;
}

const payouts: readonly Payout[] = [
  { reference: 'p1', amount: '400' },
  { reference: 'p2', amount: '400' },
  // A repetition, a conflict, and one that the wallet no longer covers.
  { reference: 'p2', amount: '400' },
  { reference: 'p1', amount: '399' },
  { reference: 'p3', amount: '400' },
  { reference: 'p4', amount: '150' },
  // Not covered either, so that nobody pays them in any of the worlds that are compared.
  { reference: 'bad reference', amount: '600' },
  { amount: '600' },
  { reference: 'p5', amount: '1,000' },
  { reference: 'p6', amount: -5 },
  { reference: 'p7', amount: '50' },
  { reference: 'p8', amount: '1' },
];

describe('a guard that only observes', () => {
  const opened: { close(): Promise<void> }[] = [];
  beforeEach(() => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    for (const one of opened.splice(0).reverse()) await one.close();
  });

  /** An API whose provider pays what its wallet covers, as a real one does. */
  async function api(
    mode: 'enforce' | 'observe' | 'none',
  ): Promise<{ app: Express; guard: PayoutGuard; simulator: InterswitchSimulator }> {
    const simulator = await interswitchSimulator({ available: '1000' });
    const guard = createPayoutGuard({
      provider: interswitch({ baseUrl: simulator.url }),
      currency: 'UGX',
      ...(mode !== 'none' && { mode }),
    });
    opened.push(simulator, guard);
    const app = express();
    app.use(express.json());
    const middleware: RequestHandler =
      mode === 'none'
        ? (_req, _res, next) => next()
        : requireSufficientFunds(guard, {
            amount: (req) => req.body.amount,
            reference: (req) => req.get('Idempotency-Key'),
          });
    app.post('/payouts', middleware, (req, res) => {
      const { amount } = req.body;
      const isCovered = /^\d+$/.test(String(amount)) && Number(amount) <= Number(simulator.balances().available);
      if (isCovered) simulator.debit(String(amount));
      res.status(isCovered ? 201 : 409).json({ paid: isCovered, amount });
    });
    app.use(payoutGuardErrors());
    return { app, guard, simulator };
  }

  async function send(app: Express): Promise<{ status: number; body: unknown }[]> {
    const answers = [];
    for (const { reference, amount } of payouts) {
      const asked = request(app).post('/payouts');
      if (reference !== undefined) asked.set('Idempotency-Key', reference);
      const { status, body } = await asked.send({ amount });
      answers.push({ status, body });
    }
    return answers;
  }

  it('changes no answer, and its report is what enforcing refuses', async () => {
    const bare = await send((await api('none')).app);
    const enforcing = await send((await api('enforce')).app);
    const { app, guard } = await api('observe');
    expect(await send(app)).toEqual(bare);

    const refused = enforcing.flatMap(({ body }, index) => {
      const { code } = body as { code?: string };
      const { reference } = payouts[index] as Payout;
      return code === undefined ? [] : [{ code, ...(reference !== undefined && { reference }) }];
    });
    expect(refused.map(({ code }) => code)).toEqual([
      'duplicate_reference',
      'hold_conflict',
      'insufficient_funds',
      'invalid_reference',
      'invalid_reference',
      'invalid_amount',
      'invalid_amount',
      'insufficient_funds',
    ]);
    const report = guard.shadowReport();
    expect(report?.refusals).toEqual(refused.map((refusal) => expect.objectContaining(refusal)));
    expect(report).toMatchObject({ approved: 4, refused: 8, refusedBy: { insufficient_funds: 2, invalid_amount: 2 } });
  });

  it('reports what was paid beyond what the wallet covered', async () => {
    const { guard } = await api('observe');
    const pay = async (amount: string, reference: string) => guard.withHold({ amount, reference }, async () => 'paid');
    // Ten at once, of 300 each, from 1000: seven are not covered.
    await Promise.all(Array.from({ length: 10 }, (_, index) => pay('300', `p${index}`)));
    expect(guard.shadowReport()).toMatchObject({ approved: 3, refused: 7, overspent: { default: '2100' } });
    // One turns out not to have been paid.
    const hold = await guard.hold({ amount: '500', reference: 'q' });
    expect([hold.state, hold.amount, hold.decision.refusal]).toEqual(['reserved', '500', 'insufficient_funds']);
    expect(guard.shadowReport()?.overspent).toEqual({ default: '2600' });
    await hold.sent();
    expect((await guard.release('q')).state).toBe('released');
    await guard.release('q');
    expect(guard.shadowReport()?.overspent).toEqual({ default: '2100' });
  });

  it('says yes when nobody can tell, and to what it cannot read', async () => {
    const { guard, simulator } = await api('observe');
    simulator.fault({ kind: 'status', status: 403 });
    const decision = await guard.assertSufficientFunds('5');
    expect([decision.sufficient, decision.refusal]).toEqual([true, 'balance_unavailable']);
    expect((await guard.checkFunds('x')).refusal).toBe('invalid_amount');
    expect((await guard.checkFunds('5', { wallet: 'nobody told of it' })).refusal).toBe('configuration');
    expect(guard.shadowReport()?.refusals[0]).toMatchObject({ code: 'balance_unavailable', reason: 'forbidden' });
  });

  it('gives a route its hold even when the request cannot be read', async () => {
    const { guard } = await api('observe');
    const app = express();
    const held: unknown[] = [];
    const options = { amount: () => JSON.parse('{'), reference: () => JSON.parse('{') };
    app.post('/', requireSufficientFunds(guard, options), (_req, res) => {
      held.push(holdOf(res)?.state);
      res.end();
    });
    await request(app).post('/').expect(200);
    expect(held).toEqual(['sent']);
    expect(guard.shadowReport()?.refusedBy).toEqual({ invalid_reference: 1 });
  });

  it('says at its start that it only observes', async () => {
    const { guard } = await api('observe');
    expect(process.emitWarning).toHaveBeenCalledWith(expect.stringContaining('refuses no payout'), {
      code: 'PAYOUT_GUARD_OBSERVE',
    });
    expect(guard.mode).toBe('observe');
    const { guard: enforcing } = await api('enforce');
    expect([enforcing.mode, enforcing.shadowReport()]).toEqual(['enforce', undefined]);
  });
});
