// `payoutGuardErrors()`: the answer to every error of this library, and to errors after a payment has begun.
import { describe, expect, it } from '@jest/globals';
import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
import {
  ConfigurationError,
  type HoldStore,
  InvalidAmountError,
  InvalidReferenceError,
  memoryStore,
  type PayoutGuardError,
  PayoutRejectedError,
} from 'payout-guard';
import {
  type PayoutGuardErrorsOptions,
  type PayoutHandler,
  payoutGuardErrors,
  payoutRoute,
  requireSufficientFunds,
} from 'payout-guard/express';
import { thrownBy } from '../support/errors.js';
import { changed } from '../support/stores.js';
import { deferred, scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { type Answer, cleanUp, type Framework, frameworks, listen } from './api.js';
import { cases, insufficient } from './error-cases.js';

const atTheEnd = cleanUp();

collectWarnings();

const problemJson = 'application/problem+json; charset=utf-8';

const all = Object.entries(cases).flatMap(([code, list]) => list.map((one) => ({ code, ...one })));

const inProgress = {
  type: 'urn:payout-guard:payout_in_progress',
  status: 409,
  code: 'payout_in_progress',
  ...cases.payout_in_progress[0]?.body,
};

describe.each(frameworks)('payoutGuardErrors on %s', (_, express) => {
  /** The answer of an application with this route alone. */
  async function answerOf(
    route: RequestHandler | RequestHandler[],
    options: PayoutGuardErrorsOptions = {},
    ...more: ErrorRequestHandler[]
  ): Promise<Answer> {
    const app = express();
    app.post('/payouts', route);
    app.use(payoutGuardErrors(options), ...more);
    const { post } = await listen(app, atTheEnd);
    return post({ reference: 'p-1' }).answer;
  }

  const failing =
    (error: unknown): RequestHandler =>
    (_req, _res, next) =>
      next(error);

  it.each(all)('answers $status to $name', async ({ code, error, status, retryAfter, body }) => {
    const thrown = await error();
    const answer = await answerOf(failing(thrown));
    expect([thrown.status, thrown.statusCode, answer.status]).toEqual([status, status, status]);
    expect(answer.headers['content-type']).toBe(problemJson);
    expect(answer.headers['retry-after']).toBe(retryAfter);
    expect(JSON.parse(answer.text)).toEqual({ type: `urn:payout-guard:${code}`, status, code, ...body });
  });

  it('shows no secret, no balance, and of no payout that it was not made', async () => {
    for (const { error } of all) {
      const { text } = await answerOf(failing(await error()));
      expect(text).not.toMatch(/secret|300|1000|000001|\bnot (made|sent|paid|approved|executed|processed)\b/i);
    }
  });

  it("adds the amounts of a refusal with expose: 'amounts', and of nothing else", async () => {
    for (const { code, error } of all) {
      const plain = JSON.parse((await answerOf(failing(await error()))).text);
      const exposed = JSON.parse((await answerOf(failing(await error()), { expose: 'amounts' })).text);
      const isTemporary = plain.temporary === true;
      expect(exposed).toEqual({
        ...plain,
        ...(code === 'insufficient_funds' && {
          required: '400.00',
          available: isTemporary ? '1000.00' : '300.00',
          held: isTemporary ? '700.00' : '0.00',
          spendable: '300.00',
          shortfall: '100.00',
          currency: 'KES',
          asOf: new Date(1_700_000_000_000).toISOString(),
        }),
        ...(code === 'limit_exceeded' && {
          required: '40000001.23',
          allowed: '30000001.23',
          used: '10000001.23',
          remaining: '20000000.00',
          currency: 'KES',
        }),
      });
    }
  });

  it('passes on all errors of other code, even with similar fields', async () => {
    const own: ErrorRequestHandler = (error, _req, res, _next) =>
      void res.status(error?.status ?? 500).send(`own: ${error?.message}`);
    const others: [unknown, number, string][] = [
      [Object.assign(new Error('axios'), { status: 409, code: 'insufficient_funds', expose: true }), 409, 'own: axios'],
      [new Error('broken'), 500, 'own: broken'],
      ['a text', 500, 'own: undefined'],
    ];
    for (const [error, status, text] of others) {
      const answer = await answerOf(failing(error), {}, own);
      expect([answer.status, answer.text]).toEqual([status, text]);
    }
  });

  it('gives an error handler of the application what it needs: status, statusCode, expose and the name', async () => {
    const app = express();
    app.post('/payouts', failing(await insufficient(false, 402)));
    const own: ErrorRequestHandler = ({ name, status, statusCode, expose, message }, _req, res, _next) =>
      void res.status(statusCode).json({ name, status, message: expose ? message : 'hidden' });
    app.use(own);
    const { post } = await listen(app, atTheEnd);
    const answer = await post().answer;
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      402,
      { name: 'InsufficientFundsError', status: 402, message: 'The wallet cannot cover this payout.' },
    ]);
  });

  it('answers errors of another copy of this package', async () => {
    const brand = Symbol.for('payout-guard.error');
    const error = { [brand]: true, code: 'hold_state', status: 409, expose: true, message: 'The hold is captured.' };
    const answer = await answerOf(failing(error));
    expect([answer.status, answer.code, JSON.parse(answer.text).detail]).toEqual([
      409,
      'hold_state',
      'The hold is captured.',
    ]);
  });

  it('does not write over an answer that has begun', async () => {
    const broken = answerOf((_req, res, next) => {
      res.write('half');
      next(new InvalidReferenceError());
    });
    expect(String(await thrownBy(broken))).toMatch(/aborted|hang up/);
  });

  describe('when a payment of the request', () => {
    const source = { amount: () => '100.00', reference: (req: Request) => req.get('Idempotency-Key') };

    /** Answers an error at a certain point of a payout. */
    type Situation = (error: PayoutGuardError, on: Framework) => Promise<Answer>;

    const paying =
      (handler: (error: PayoutGuardError) => PayoutHandler, makeStore?: () => HoldStore): Situation =>
      async (error) => {
        const guard = scriptedWallet('1000.00').guard(makeStore && { store: makeStore() });
        atTheEnd(() => guard.close({ waitMs: 0 }));
        return answerOf(payoutRoute(guard, source, handler(error)));
      };

    const guarding =
      (handler: (error: PayoutGuardError) => RequestHandler): Situation =>
      async (error) => {
        const guard = scriptedWallet('1000.00').guard();
        atTheEnd(() => guard.close({ waitMs: 0 }));
        return answerOf([requireSufficientFunds(guard, { ...source, verdictOn: 'none' }), handler(error)]);
      };

    const slowStore = (): HoldStore => {
      const memory = memoryStore({ clock: scriptedWallet().clock });
      const never = deferred<never>();
      return changed(memory, {
        settle: (request) => (request.to === 'sent' ? never.promise : memory.settle(request)),
      });
    };

    const mayHaveBeenMade: [string, Situation][] = [
      [
        'was accepted',
        paying((error) => async (_req, _res, pay) => {
          await pay(() => 'accepted');
          throw error;
        }),
      ],
      [
        'is over',
        paying((error) => async (_req, _res, pay) => {
          await pay(() => 'paid', { settles: 'onReturn' });
          throw error;
        }),
      ],
      ['ended with this very error', paying((error) => async (_req, _res, pay) => pay(() => Promise.reject(error)))],
      [
        'goes on',
        paying((error) => async (_req, _res, pay) => {
          pay(() => new Promise(() => {})).catch(() => {});
          throw error;
        }),
      ],
      [
        'waits to be marked as sent',
        paying(
          (error) => async (_req, _res, pay) => {
            pay(() => 'paid').catch(() => {});
            throw error;
          },
          slowStore,
        ),
      ],
      ['is in the hands of a handler behind the guard', guarding(failing)],
    ];

    it.each(mayHaveBeenMade)('%s, every error is answered as a payout in progress', async (name, situation) => {
      for (const { code, error } of all) {
        // A rejection is a proof and releases its own hold.
        const isProof = name === 'ended with this very error' || name.startsWith('is in the hands');
        if (code === 'payout_rejected' && isProof) continue;
        const answer = await situation(await error(), express);
        expect([code, answer.status, answer.headers['retry-after'], JSON.parse(answer.text)]).toEqual([
          code,
          409,
          '5',
          inProgress,
        ]);
      }
    });

    const cannotHaveBeenMade: [string, Situation][] = [
      [
        'did not begin',
        paying((error) => async () => {
          throw error;
        }),
      ],
      [
        'was rejected before',
        paying((error) => async (_req, _res, pay) => {
          await pay(() => Promise.reject(new PayoutRejectedError())).catch(() => {});
          throw error;
        }),
      ],
    ];

    it.each(cannotHaveBeenMade)('%s, every error is answered as it is', async (_name, situation) => {
      for (const { code, error, status } of all) {
        const answer = await situation(await error(), express);
        expect([answer.status, answer.code]).toEqual([status, code]);
      }
    });
  });
});

it('payoutGuardErrors refuses options that it does not know', () => {
  expect(() => payoutGuardErrors({ expose: true } as never)).toThrow(ConfigurationError);
  expect(() => payoutGuardErrors({ expose: true } as never)).toThrow(/expose/);
  expect(() => payoutGuardErrors({ exposed: 'amounts' } as never)).toThrow(/exposed/);
  expect(() => payoutGuardErrors(null as never)).toThrow(ConfigurationError);
});

describe.each(frameworks)('an error that passed through a payment outside of the route, on %s', (_, express) => {
  it.each<[string, () => PayoutGuardError, string]>([
    ['the payout may have been made', () => new InvalidAmountError('it has three decimals'), '409 payout_in_progress'],
    ['the payout was rejected', () => new PayoutRejectedError(), '422 payout_rejected'],
  ])('is answered by what became of the payout: %s', async (_title, error, expected) => {
    const guard = scriptedWallet('1000.00').guard();
    const app = express();
    app.post('/payouts', (_req, _res, next) => {
      guard.withHold({ amount: '400.00', reference: 'p-1' }, () => Promise.reject(error())).catch(next);
    });
    app.use(payoutGuardErrors());
    const { post } = await listen(app, atTheEnd);
    const { status, code } = await post().answer;
    expect(`${status} ${code}`).toBe(expected);
    await guard.close();
  });
});
