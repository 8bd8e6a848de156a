// Observing changes no answer of the API around it, and reports the refusals of an enforcing guard.
import { describe, expect, it } from '@jest/globals';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import {
  BalanceUnavailableError,
  type Hold,
  type HoldStore,
  memoryStore,
  type ObservingGuard,
  observing,
  type PayoutGuard,
  PayoutRejectedError,
} from 'payout-guard';
import {
  type Pay,
  type PayoutHandler,
  payoutGuardErrors,
  payoutRoute,
  requireSufficientFunds,
} from 'payout-guard/express';
import { changed } from '../support/stores.js';
import { type ScriptedWallet, scriptedWallet } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';
import { type Answer, cleanUp, type Framework, frameworks, type Listening, listen, settled } from './api.js';

const atTheEnd = cleanUp();
const warnings = collectWarnings();

const routes = ['payoutRoute', 'requireSufficientFunds', "requireSufficientFunds, mode: 'check'"] as const;
type Route = (typeof routes)[number];

interface Kind {
  readonly name: string;
  readonly reference?: string;
  readonly amount?: unknown;
  readonly wallet?: string;
  /** The refusal of an enforcing guard; undefined when it approves. */
  readonly refused?: string;
  /** The refusal in check mode, which reads no references, if it differs. */
  readonly refusedByCheck?: string;
}

/** Requests in this order, on a wallet of 1000.00. The handler pays what the provider's balance covers. */
const kinds: readonly Kind[] = [
  { name: 'a payout that fits', reference: 'p-1', amount: '400.00' },
  { name: 'a second one that fits', reference: 'p-2', amount: '400.00' },
  {
    name: 'the same again',
    reference: 'p-2',
    amount: '400.00',
    refused: 'duplicate_reference',
    refusedByCheck: 'insufficient_funds',
  },
  {
    name: 'its reference with another amount',
    reference: 'p-1',
    amount: '399.00',
    refused: 'hold_conflict',
    refusedByCheck: 'insufficient_funds',
  },
  { name: 'one that does not fit', reference: 'p-3', amount: '400.00', refused: 'insufficient_funds' },
  { name: 'no reference', amount: '600.00', refused: 'invalid_reference', refusedByCheck: 'insufficient_funds' },
  {
    name: 'a reference with a space',
    reference: 'p 4',
    amount: '600.00',
    refused: 'invalid_reference',
    refusedByCheck: 'insufficient_funds',
  },
  { name: 'an amount with a comma', reference: 'p-5', amount: '1,000', refused: 'invalid_amount' },
  { name: 'a negative amount', reference: 'p-6', amount: -5, refused: 'invalid_amount' },
  { name: 'no amount', reference: 'p-7', refused: 'invalid_amount' },
  { name: 'a body that the route cannot read', reference: 'p-8', amount: null, refused: 'invalid_amount' },
  { name: 'an unknown wallet', reference: 'p-9', amount: '1.00', wallet: 'other', refused: 'configuration' },
  {
    name: 'a wallet that the application cannot find',
    reference: 'p-10',
    amount: '1.00',
    wallet: 'throw',
    refused: 'configuration',
  },
  { name: 'one that the provider rejects', reference: 'p-11', amount: '150.01' },
  { name: 'one that fits at last', reference: 'p-12', amount: '50.00' },
];

describe.each(frameworks.flatMap(([name, express]) => routes.map((route) => [route, name, express] as const)))(
  '%s of an observing guard on %s',
  (route, _name, express) => {
    interface Api extends Listening {
      readonly guard: PayoutGuard | undefined;
      readonly wallet: ScriptedWallet;
    }

    /**
     * An API whose provider pays only what its wallet covers, like a real one. It can run without a guard for
     * comparison.
     */
    async function api(
      guardOf: (wallet: ScriptedWallet) => PayoutGuard | undefined,
      wallet = scriptedWallet('1000.00'),
    ): Promise<Api> {
      const guard = guardOf(wallet);
      if (guard) atTheEnd(() => guard.close({ waitMs: 0 }));
      const app = express();
      app.use(express.json());
      app.post('/payouts', ...middleware(express, route, guard, handlerOf(wallet)));
      app.use(payoutGuardErrors());
      return { ...(await listen(app, atTheEnd)), guard, wallet };
    }

    async function sendAll({ post }: Api): Promise<Answer[]> {
      const answers: Answer[] = [];
      for (const { reference, amount, wallet } of kinds) {
        const answer = await post({ reference, body: { amount, wallet } }).answer;
        await settled();
        answers.push(answer);
      }
      return answers;
    }

    const expected = kinds.map(({ refused, refusedByCheck = refused }) =>
      route === "requireSufficientFunds, mode: 'check'" ? refusedByCheck : refused,
    );
    const shown = (answers: readonly Answer[]) => answers.map(({ status, text }) => `${status} ${text}`);

    it('answers as the API does without a guard, and reports what the guard itself refuses', async () => {
      const bare = await sendAll(await api(() => undefined));
      const observed = await api((wallet) => observing(wallet.guard({ settles: 'onReturn', cache: { maxAgeMs: 0 } })));
      expect(shown(await sendAll(observed))).toEqual(shown(bare));
      expect(bare.filter(({ status }) => status === 201).length).toBeGreaterThanOrEqual(3);

      const report = (observed.guard as ObservingGuard).report();
      expect(report.refusals.map(({ code }) => code)).toEqual(expected.filter((code) => code !== undefined));
      expect([report.approved, report.refused]).toEqual([
        expected.filter((code) => code === undefined).length,
        report.refusals.length,
      ]);
    });

    it('refuses those requests when it does not observe', async () => {
      const { post, guard } = await api((wallet) => wallet.guard({ settles: 'onReturn', cache: { maxAgeMs: 0 } }));
      const refusals = [];
      for (const { reference, amount, wallet } of kinds) {
        const { code } = await post({ reference, body: { amount, wallet } }).answer;
        await settled();
        refusals.push(code === 'payout_rejected' ? undefined : code);
      }
      expect(refusals).toEqual(expected);
      expect(guard?.internals.observes).toBe(false);
    });

    it.each<[string, (guard: PayoutGuard, wallet: ScriptedWallet, outage: () => void) => unknown]>([
      ['the provider hangs', (_guard, wallet) => Object.assign(wallet, { answer: () => new Promise(() => {}) })],
      [
        'the provider is down',
        (_guard, wallet) =>
          Object.assign(wallet, { answer: () => Promise.reject(new BalanceUnavailableError('network')) }),
      ],
      ['the store is down', (_guard, _wallet, outage) => outage()],
      ['the wallet is frozen', (guard) => guard.freeze('default', 'audit')],
      ['the guard is closed', (guard) => guard.close()],
    ])('answers as the API does without a guard while %s', async (_case, act) => {
      const wallet = scriptedWallet('1000.00');
      let isDown = false;
      const guard = wallet.guard({ store: failing(memoryStore({ clock: wallet.clock }), () => isDown) });
      await act(guard, wallet, () => {
        isDown = true;
      });
      const { post } = await api(() => observing(guard), wallet);
      const answer = await post({ reference: 'p-1', body: { amount: '400.00' } }).answer;
      expect([answer.status, answer.text]).toEqual([201, '{"paid":true}']);
    });

    it('passes on what the handler throws, before and after its payment', async () => {
      const bare = await api(() => undefined);
      const observed = await api((wallet) => observing(wallet.guard()));
      for (const amount of ['throw before', 'throw after']) {
        const request = () => ({ reference: amount.replace(' ', '-'), body: { amount } });
        const [one, other] = [await bare.post(request()).answer, await observed.post(request()).answer];
        expect([one.status, other.status]).toEqual([418, 418]);
      }
    });

    it('serves a handler that returns no promise', async () => {
      if (route !== 'payoutRoute') return;
      const guard = observing(scriptedWallet('1000.00').guard());
      atTheEnd(() => guard.close({ waitMs: 0 }));
      // By then the real hold exists.
      await guard.checkFunds('1.00');
      const app = express();
      const handler: PayoutHandler = (_req, res, pay) => void pay(settled).then(() => res.status(201).json('paid'));
      app.post('/payouts', payoutRoute(guard, { amount: () => '1.00', reference: () => 'p-1' }, handler));
      const errors: unknown[] = [];
      app.use(((error, _req, _res, next) => {
        errors.push(error);
        next(error);
      }) as ErrorRequestHandler);
      const answer = await (await listen(app, atTheEnd)).post().answer;
      await settled();
      expect([answer.status, answer.text, guard.report().refused, errors]).toEqual([201, '"paid"', 0, []]);
    });

    it('warns that it refuses nothing', async () => {
      await api((wallet) => observing(wallet.guard()));
      expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_OBSERVE']);
    });
  },
);

/** A handler written without the guard in mind. */
function handlerOf(wallet: ScriptedWallet) {
  return async (req: Request, res: Response, pay: (fn: () => unknown) => Promise<unknown>): Promise<void> => {
    const { amount } = req.body;
    const teapot = Object.assign(new Error('teapot'), { status: 418 });
    if (amount === 'throw before') throw teapot;
    const paid = await pay(() => {
      if (amount === '150.01') throw new PayoutRejectedError('Wrong number.');
      const available = Number(wallet.balance.available);
      const isCovered = /^\d+\.\d\d$/.test(String(amount)) && Number(amount) <= available;
      if (isCovered) wallet.balance = { ...wallet.balance, available: (available - Number(amount)).toFixed(2) };
      return isCovered;
    });
    if (amount === 'throw after') throw teapot;
    res.status(paid ? 201 : 409).json({ paid });
  };
}

function middleware(
  _express: Framework,
  route: Route,
  guard: PayoutGuard | undefined,
  handler: ReturnType<typeof handlerOf>,
): RequestHandler[] {
  const itself: RequestHandler = (req, res, next) => {
    handler(req, res, async (fn) => fn()).catch(next);
  };
  if (!guard) return [itself];
  const source = {
    amount: (req: Request) => (req.body.amount === null ? req.body.payout.amount : req.body.amount),
    wallet: (req: Request) => {
      if (req.body.wallet === 'throw') throw new Error('no such tenant');
      return req.body.wallet ?? 'default';
    },
  };
  const reference = (req: Request) => req.get('Idempotency-Key');
  switch (route) {
    case 'payoutRoute':
      return [
        payoutRoute(guard, { ...source, reference }, (req, res, pay: Pay) =>
          handler(req, res, pay as (fn: (hold: Hold) => unknown) => Promise<unknown>),
        ),
      ];
    case 'requireSufficientFunds':
      return [
        requireSufficientFunds(guard, {
          ...source,
          reference,
          verdictOn: (_req, res) =>
            res.statusCode === 201 ? 'completed' : res.statusCode === 409 ? 'failed' : undefined,
        }),
        itself,
      ];
    default:
      return [requireSufficientFunds(guard, { ...source, mode: 'check' }), itself];
  }
}

function failing(memory: HoldStore, isDown: () => boolean): HoldStore {
  const orFail =
    <Given extends unknown[], T>(ask: (...given: Given) => T) =>
    (...given: Given): T => {
      if (isDown()) throw new Error('connection terminated');
      return ask(...given);
    };
  return changed(memory, {
    totals: orFail((wallet) => memory.totals(wallet)),
    hold: orFail((request) => memory.hold(request)),
    settle: orFail((request) => memory.settle(request)),
    get: orFail((reference) => memory.get(reference)),
    note: orFail((key) => memory.note(key)),
    swapNote: orFail((key, expected, value) => memory.swapNote(key, expected, value)),
  });
}
