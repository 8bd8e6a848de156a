// A guard in front of a handler that pays by itself: verdicts on its answer (R1), clients that left (R2), and check
// mode.
import { describe, expect, it } from '@jest/globals';
import type { RequestHandler } from 'express';
import { ConfigurationError, createPayoutGuard, HoldStateError, memoryStore, type PayoutGuard } from 'payout-guard';
import {
  type CheckingRouteOptions,
  holdOf,
  payoutGuardErrors,
  type RequireSufficientFundsOptions,
  requireSufficientFunds,
} from 'payout-guard/express';
import { silenced } from '../support/stores.js';
import { scriptedWallet } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';
import { frameworks, listen, outcome, settled } from './api.js';
import { atTheEnd, guardedApi, type Setup } from './require-sufficient-funds-support.js';

const warnings = collectWarnings();

const sent = 'sent, spendable 600.00';

const captured = 'captured, spendable 600.00';

const failed = 'released failed, spendable 1000.00';

describe.each(frameworks)('requireSufficientFunds on %s', (_, express) => {
  const api = (handler: RequestHandler, setup?: Setup) => guardedApi(express, handler, setup);

  it('holds as sent before the handler runs, and shows it the hold', async () => {
    const seen: unknown[] = [];
    const { guard, post } = await api(
      async (_req, res) => {
        const hold = holdOf(res);
        seen.push(hold?.reference, hold?.amount, hold?.state, hold?.isPaying, (await guard.funds()).held);
        res.status(202).end();
      },
      { route: { fee: () => '10.00', metadata: () => ({ channel: 'api' }) } },
    );
    expect((await post({ reference: 'p-1' }).answer).status).toBe(202);
    expect(seen).toEqual(['p-1', '410.00', 'sent', false, '410.00']);
    expect((await guard.getHold('p-1'))?.metadata).toEqual({ channel: 'api' });
  });

  describe('R1. verdictOn', () => {
    it.each<[string, () => unknown, string]>([
      ["'completed' captures", () => 'completed', captured],
      ["'failed' releases, and uses the reference up", () => 'failed', failed],
      ['undefined proves nothing', () => undefined, sent],
    ])('%s, whatever the status is', async (_name, verdictOn, expected) => {
      for (const status of [200, 202, 204, 302, 400, 410, 409, 500]) {
        const { guard, post } = await api((_req, res) => void res.status(status).end(), {
          verdictOn: verdictOn as never,
        });
        expect((await post({ reference: 'p-1' }).answer).status).toBe(status);
        expect([status, await outcome(guard)]).toEqual([status, expected]);
      }
    });

    it("'failed' proves nothing on a 404, which Express answers by itself: reported once, with the route", async () => {
      // The handler pays, and passes the request on by mistake.
      const { guard, post } = await api((_req, _res, next) => next(), { verdictOn: () => 'failed' });
      for (const reference of ['p-1', 'p-2']) expect((await post({ reference }).answer).status).toBe(404);
      expect([await outcome(guard), await guard.getHold('p-2')]).toMatchObject([
        'sent, spendable 200.00',
        { state: 'sent' },
      ]);
      expect(warnings).toEqual([
        "PAYOUT_GUARD_VERDICT: The money of payout p-1 stays held (POST /payouts): verdictOn returned 'failed' for a " +
          '404. Frameworks answer 404 by themselves, also after a payment, so it proves nothing. Call release() of ' +
          'the hold in the handler before it answers 404. This is reported once.',
      ]);
    });

    it.each([200, 201, 204, 302, 400, 404, 422, 500])("'none': an answer of %i proves nothing", async (status) => {
      const { guard, post } = await api((_req, res) => void res.status(status).end(), { verdictOn: 'none' });
      expect((await post({ reference: 'p-1' }).answer).status).toBe(status);
      expect(await outcome(guard)).toBe(sent);
    });

    it.each<[string, () => unknown, string]>([
      ['null', () => null, 'returned null'],
      ['another word', () => 'Completed', 'returned a value of type string'],
      ['true', () => true, 'returned a value of type boolean'],
      ["a list of 'failed'", () => ['failed'], 'returned an array'],
      ['a promise', async () => 'failed', 'returned a promise'],
      ['a promise that rejects', () => Promise.reject(new Error('secret')), 'returned a promise'],
      [
        'an error',
        () => {
          throw new Error('secret');
        },
        'threw an error',
      ],
    ])('F1. that gives %s is an error of its own, and the hold stays', async (_name, verdictOn, problem) => {
      const { guard, post } = await api((_req, res) => void res.status(201).end(), { verdictOn: verdictOn as never });
      expect((await post({ reference: 'p-1' }).answer).status).toBe(201);
      expect(await outcome(guard)).toBe(sent);
      expect(warnings).toEqual([
        expect.stringContaining(
          'PAYOUT_GUARD_VERDICT: The end of payout p-1 could not be judged, so its money stays held. ' +
            `payout-guard is not configured correctly: verdictOn: ${problem}`,
        ),
      ]);
      expect(warnings[0]).not.toContain('secret');
    });

    it('is called once, after the answer, with the request and the response', async () => {
      const asked: unknown[] = [];
      const { post } = await api((_req, res) => void res.status(201).json({ id: 7 }), {
        verdictOn: (req, res) => {
          asked.push(req.body.amount, res.statusCode, res.headersSent, holdOf(res)?.reference);
          return undefined;
        },
      });
      expect((await post({ reference: 'p-1' }).answer).text).toBe('{"id":7}');
      await settled();
      expect(asked).toEqual(['400.00', 201, true, 'p-1']);
    });

    it.each<[string, RequestHandler, string]>([
      ['a capture', async (_req, res) => void (await holdOf(res)?.capture('399.00')), 'captured, spendable 601.00'],
      [
        'a release',
        async (_req, res) => void (await holdOf(res)?.release({ notSent: true })),
        'released, spendable 1000.00',
      ],
      ['a payment without an outcome', async (_req, res) => void (await holdOf(res)?.pay(() => 'accepted')), sent],
      [
        'a payment that goes on',
        async (_req, res) => void holdOf(res)?.pay(() => new Promise((resolve) => setTimeout(resolve, 5))),
        sent,
      ],
    ])('is not asked after %s of the handler', async (_name, settle, expected) => {
      for (const status of [201, 410]) {
        const asked: number[] = [];
        const { guard, post } = await api(
          (req, res, next) => {
            Promise.resolve(settle(req, res, next)).then(() => res.status(status).end(), next);
          },
          {
            verdictOn: (_req, res) => {
              asked.push(res.statusCode);
              return status === 201 ? 'failed' : 'completed';
            },
          },
        );
        expect((await post({ reference: 'p-1' }).answer).status).toBe(status);
        expect([await outcome(guard), asked]).toEqual([expected, []]);
      }
    });

    it('is not called for an answer of payoutGuardErrors(), which the handler did not give', async () => {
      let asked = 0;
      const { guard, post } = await api(
        (_req, _res, next) => {
          // The payout was made. Then the code after it failed with an error of this library.
          next(new HoldStateError('p-0', 'captured', 'released'));
        },
        {
          verdictOn: () => {
            asked += 1;
            return 'failed';
          },
        },
      );
      const answer = await post({ reference: 'p-1' }).answer;
      expect([answer.status, answer.code]).toEqual([409, 'payout_in_progress']);
      expect([await outcome(guard), asked]).toEqual([sent, 0]);
    });

    it('is called for the answer of an error handler of the application', async () => {
      const { guard, post } = await api(
        (_req, _res, next) => next(Object.assign(new Error('unknown payee'), { status: 410 })),
        { errors: (error, _req, res, _next) => void res.status(error.status).end() },
      );
      expect((await post({ reference: 'p-1' }).answer).status).toBe(410);
      expect(await outcome(guard)).toBe(failed);
    });

    it('that contradicts the store is reported, and changes nothing', async () => {
      const { guard, post } = await api(async (_req, res) => {
        // A webhook arrives before the handler ends.
        await guard.capture('p-1');
        res.status(410).end();
      });
      expect((await post({ reference: 'p-1' }).answer).status).toBe(410);
      expect(await outcome(guard)).toBe(captured);
      expect(warnings).toEqual([
        expect.stringContaining(
          'PAYOUT_GUARD_CONTRADICTION: The handler answered that payout p-1 was not made, ' +
            'but its hold is in another state. Nothing was changed. Check the payout with the provider.',
        ),
      ]);
    });

    it('that the store cannot take is kept, reported once and recorded later', async () => {
      const wallet = scriptedWallet('1000.00');
      const { store, silence } = silenced(memoryStore({ clock: wallet.clock }));
      silence(true);
      const { guard, post } = await api((_req, res) => void res.status(201).end(), {
        wallet,
        guard: { store },
      });
      expect((await post({ reference: 'p-1' }).answer).status).toBe(201);
      expect(await outcome(guard)).toBe(sent);
      expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_SETTLEMENT_FAILED']);
      silence(false);
      await wallet.clock.pass(1_000);
      expect(await outcome(guard)).toBe(captured);
    });
  });

  describe("mode: 'check'", () => {
    async function checking(options: Partial<CheckingRouteOptions> = {}) {
      const guard = scriptedWallet('1000.00').guard();
      atTheEnd(() => guard.close({ waitMs: 0 }));
      const rejected: string[] = [];
      guard.on('checkFailed', ({ error }) => rejected.push(error.code));
      const app = express();
      app.use(express.json());
      const seen: unknown[] = [];
      app.post(
        '/payouts',
        requireSufficientFunds(guard, { amount: (req) => req.body.amount, mode: 'check', ...options }),
        (_req, res) => {
          seen.push(holdOf(res));
          res.status(201).end();
        },
      );
      app.use(payoutGuardErrors());
      return { ...(await listen(app, atTheEnd)), guard, seen, rejected };
    }

    it('approves without a hold, so two requests may both be approved', async () => {
      const { guard, post, seen } = await checking({ fee: () => '0.01' });
      const amount = (text: string) => post({ body: { amount: text } }).answer;
      const answers = [await amount('999.99'), await amount('999.99'), await amount('1000.00')];
      expect(answers.map(({ status }) => status)).toEqual([201, 201, 422]);
      expect([seen, (await guard.listHolds()).holds]).toEqual([[undefined, undefined], []]);
    });

    it('reports an unreadable request like any other refusal', async () => {
      const { post, rejected } = await checking({ amount: (req) => req.body.payout.amount });
      const answer = await post().answer;
      expect([answer.status, answer.code, rejected]).toEqual([400, 'invalid_amount', ['invalid_amount']]);
    });
  });
});

describe('requireSufficientFunds is not created', () => {
  const { provider } = scriptedWallet();
  const guard = scriptedWallet().guard();
  const two = createPayoutGuard({
    wallets: { one: { provider, currency: 'KES' }, two: { provider: scriptedWallet().provider, currency: 'KES' } },
  });
  const amount = () => '1.00';
  const held = { amount, reference: () => 'p-1', verdictOn: 'none' };
  const create = (options: unknown, of: unknown = guard) =>
    requireSufficientFunds(of as PayoutGuard, options as RequireSufficientFundsOptions);

  it.each<[string, unknown, RegExp, unknown?]>([
    ['without options', undefined, /configured/],
    ['without a guard', held, /guard: must be what createPayoutGuard returns/, null],
    ['without a wallet when the guard has several', held, /wallet must be named/, two],
    ['without an amount', { ...held, amount: undefined }, /amount: must be a function/],
    ['with a reference that is no function', { ...held, reference: 'p-1' }, /reference: must be a function/],
    [
      'R1. with a reference and without verdictOn',
      { amount, reference: () => 'p-1' },
      /verdictOn: must be a function .* or 'none'/,
    ],
    ['R1. with a verdictOn that is no function', { ...held, verdictOn: 'completed' }, /verdictOn: must be a function/],
    ['R1. with a verdictOn of null', { ...held, verdictOn: null }, /verdictOn: must be a function/],
    ['without a reference and without a mode', { amount }, /mode: must be 'check' on a route without a reference/],
    ['with another mode', { amount, mode: 'hold' }, /mode: must be 'check'/],
    [
      "with a reference and mode: 'check'",
      { ...held, mode: 'check' },
      /mode: leave it out on a route with a reference/,
    ],
    ["with verdictOn in mode: 'check'", { amount, mode: 'check', verdictOn: 'none' }, /verdictOn/],
    ['with settles, which only payments have', { ...held, settles: 'onReturn' }, /settles/],
    ['with a typo', { ...held, fees: () => '1' }, /fees/],
  ])('%s', (_, options, message, of = guard) => {
    expect(() => create(options, of)).toThrow(ConfigurationError);
    expect(() => create(options, of)).toThrow(message);
  });
});
