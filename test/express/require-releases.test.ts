// requireSufficientFunds: rejections, and clients that left before the handler ran.
import { describe, expect, it } from '@jest/globals';
import type { Request, RequestHandler } from 'express';
import { memoryStore, PayoutRejectedError } from 'payout-guard';
import { holdOf, payoutGuardErrors, requireSufficientFunds } from 'payout-guard/express';
import { heldLate, silenced } from '../support/stores.js';
import { scriptedWallet } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';
import { frameworks, listen, outcome } from './api.js';
import { atTheEnd, guardedApi, type Setup } from './require-sufficient-funds-support.js';

const warnings = collectWarnings();

const sent = 'sent, spendable 600.00';

const failed = 'released failed, spendable 1000.00';

describe.each(frameworks)('requireSufficientFunds on %s', (_, express) => {
  const api = (handler: RequestHandler, setup?: Setup) => guardedApi(express, handler, setup);

  describe('P2. a rejection', () => {
    const rejecting =
      (error: unknown): RequestHandler =>
      (_req, _res, next) =>
        next(error);

    it('that reaches payoutGuardErrors() releases the hold and is answered', async () => {
      const { guard, post } = await api(rejecting(new PayoutRejectedError('Wrong number.')), { verdictOn: 'none' });
      const answer = await post({ reference: 'p-1' }).answer;
      expect([answer.status, answer.code, JSON.parse(answer.text).detail]).toEqual([
        422,
        'payout_rejected',
        'Wrong number.',
      ]);
      expect(await outcome(guard)).toBe(failed);
    });

    it('of a payout that was never sent lets a retry use the reference', async () => {
      const rejected = new PayoutRejectedError('Wrong number.', { notSent: true });
      const { guard, post } = await api(rejecting(rejected));
      expect((await post({ reference: 'p-1' }).answer).status).toBe(422);
      expect(await outcome(guard)).toBe('released, spendable 1000.00');
    });

    it('releases the hold although another layer has answered', async () => {
      const { guard, post } = await api((_req, res, next) => {
        res.status(503).end();
        next(new PayoutRejectedError());
      });
      await post({ reference: 'p-1' }).answer.catch(() => {});
      expect(await outcome(guard)).toBe(failed);
    });

    it('is answered as a rejection although the store could not take the release', async () => {
      const wallet = scriptedWallet('1000.00');
      const { store, silence } = silenced(memoryStore({ clock: wallet.clock }));
      silence(true);
      const { guard, post } = await api(rejecting(new PayoutRejectedError()), {
        wallet,
        verdictOn: 'none',
        guard: { store },
      });
      const answer = await post({ reference: 'p-1' }).answer;
      expect([answer.status, answer.code, await outcome(guard)]).toEqual([422, 'payout_rejected', sent]);
      silence(false);
      await wallet.clock.pass(1_000);
      expect([await outcome(guard), codesOf(warnings)]).toEqual([failed, ['PAYOUT_GUARD_SETTLEMENT_FAILED']]);
    });

    it('that a payment under the hold has claimed is answered, and releases nothing twice', async () => {
      const { guard, post } = await api((_req, res, next) => {
        holdOf(res)
          ?.pay(() => Promise.reject(new PayoutRejectedError('Wrong number.')))
          .catch(next);
      });
      const answer = await post({ reference: 'p-1' }).answer;
      expect([answer.status, answer.code, await outcome(guard)]).toEqual([422, 'payout_rejected', failed]);
    });

    it('claimed by an inner payout proves nothing about this one', async () => {
      const { guard, post } = await api((_req, _res, next) => {
        guard
          .withHold({ amount: '1.00', reference: 'inner' }, () => Promise.reject(new PayoutRejectedError()))
          .catch(next);
      });
      const answer = await post({ reference: 'p-1' }).answer;
      expect([answer.status, answer.code, await outcome(guard)]).toEqual([409, 'payout_in_progress', sent]);
      expect((await guard.getHold('inner'))?.state).toBe('released');
    });

    it('does not identify its payout when a response has two holds', async () => {
      const guard = scriptedWallet('1000.00').guard();
      atTheEnd(() => guard.close({ waitMs: 0 }));
      const app = express();
      app.use(express.json());
      const hold = (suffix: string) =>
        requireSufficientFunds(guard, {
          amount: () => '200.00',
          reference: (req: Request) => `${req.get('Idempotency-Key')}${suffix}`,
          verdictOn: 'none',
        });
      app.post('/payouts', hold('/a'), hold('/b'), rejecting(new PayoutRejectedError()));
      app.use(payoutGuardErrors());
      const { post } = await listen(app, atTheEnd);
      const answer = await post({ reference: 'p-1' }).answer;
      expect([answer.status, answer.code]).toEqual([409, 'payout_in_progress']);
      expect([await outcome(guard, 'p-1/a'), await outcome(guard, 'p-1/b')]).toEqual([sent, sent]);
    });
  });

  describe('R2. the handler does not run, and the hold is released for a retry,', () => {
    async function gated() {
      const wallet = scriptedWallet('1000.00');
      const { store, held, goOn } = heldLate(memoryStore({ clock: wallet.clock }));
      let ran = 0;
      let asked = 0;
      const served = await api(() => ++ran, {
        wallet,
        guard: { store },
        before: (_req, res, next) => {
          res.locals.timeout = () => res.status(503).end();
          void held.promise.then(() => layer(res.locals.timeout));
          next();
        },
        verdictOn: () => {
          asked += 1;
          return 'completed';
        },
      });
      let layer: (answer: () => void) => void = () => {};
      const onHeld = (act: typeof layer) => {
        layer = act;
      };
      return { ...served, held, goOn, onHeld, counts: () => [ran, asked] };
    }
    const released = 'released, spendable 1000.00';

    it('when the client left during the hold request', async () => {
      const { guard, post, held, goOn, counts } = await gated();
      const asked = post({ reference: 'p-1' });
      await held.promise;
      await asked.leave();
      goOn.resolve();
      expect([await outcome(guard), counts()]).toEqual([released, [0, 0]]);
    });

    it('when another layer answered during the hold request', async () => {
      const { guard, post, goOn, onHeld, counts } = await gated();
      onHeld((answer) => {
        answer();
        goOn.resolve();
      });
      expect((await post({ reference: 'p-1' }).answer).status).toBe(503);
      expect([await outcome(guard), counts()]).toEqual([released, [0, 0]]);
    });
  });
});
