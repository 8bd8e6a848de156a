// Mistakes in proofs: money is released, or counted as paid, without a proof.
import { type Hold, isPayoutGuardError, type PayoutGuard } from 'payout-guard';
import { holdsOf } from '../../../src/express/response-holds.js';
import { handles, ofProcess, readings } from './changes.js';
import type { Mutant } from './mutant.js';

export const verdictMutants: readonly Mutant[] = [
  {
    name: 'the status of an answer settles',
    standsFor: 'R1: there is no status rule of ours, 2xx included',
    breaks: 'uncovered',
    verdictOn: (_, { statusCode }) => {
      if (statusCode < 300) return 'completed';
      return statusCode >= 400 && statusCode < 500 ? 'failed' : undefined;
    },
  },
  {
    name: 'an exception with the status of a client error releases',
    standsFor: 'invariant 10: an error with status 409 means that the payout exists',
    breaks: 'uncovered',
    wallet: (settings) => ({
      ...settings,
      verdictOf: (error) => {
        const { status = 500 } = error as { status?: number };
        return status >= 400 && status < 500 ? 'failed' : 'unknown';
      },
    }),
  },
  {
    name: 'a refused connection releases',
    standsFor: 'P6: no guess about connections',
    breaks: 'uncovered',
    wallet: (settings) => ({
      ...settings,
      verdictOf: (error) => ((error as { code?: string }).code === 'ECONNREFUSED' ? 'not_sent' : 'unknown'),
    }),
  },
  {
    name: 'any error of this library releases',
    standsFor: 'invariant 10: an exception of other code is no proof',
    breaks: 'uncovered',
    wallet: (settings) => ({
      ...settings,
      verdictOf: (error) => (isPayoutGuardError(error) ? 'failed' : 'unknown'),
    }),
  },
  {
    name: 'a payout of unknown outcome is released',
    standsFor: 'invariant 10: only a verdict settles',
    breaks: 'overspent',
    wallet: (settings) => ({ ...settings, verdictOf: () => 'not_sent' }),
  },
  {
    name: 'a value that nothing judges captures',
    standsFor: "P1: anything but the provider's documented words is unknown",
    breaks: 'uncovered',
    wallet: (settings) => ({ ...settings, settles: 'onReturn' }),
  },
  {
    name: 'a pending answer captures',
    standsFor: 'P1: an accepted payout is not a completed one',
    breaks: 'uncovered',
    wallet: (settings) => {
      const { provider } = settings;
      const judge = provider.verdictOfResult?.bind(provider);
      if (!judge) return settings;
      const verdictOfResult: typeof judge = (result, about) => {
        const verdict = judge(result, about);
        return verdict === 'pending' ? 'completed' : verdict;
      };
      return { ...settings, provider: { ...provider, verdictOfResult } };
    },
  },
  {
    name: 'an answer that is not ok captures',
    standsFor: 'invariant 10: a response that is not ok is unknown',
    breaks: 'uncovered',
    guard: handles((hold, guard) => ({
      pay: async (fn, options) => {
        const result = await hold.pay(fn, options);
        if ((result as { ok?: boolean } | undefined)?.ok === false) await guard.capture(hold.reference);
        return result;
      },
    })),
  },
  {
    name: 'a payout is captured before it is debited',
    standsFor: 'P7: debit at acceptance only where the provider documents it',
    breaks: 'uncovered',
    wallet: (settings) => ({ ...settings, debitVisibleAt: 'acceptance' }),
  },
  {
    name: 'a rejection releases the outer payout as well',
    standsFor: 'P2: a rejection proves one attempt',
    breaks: 'uncovered',
    guard: handles((hold, guard) => ({
      pay: async (fn, options) => {
        try {
          return await hold.pay(fn, options);
        } catch (error) {
          if (isPayoutGuardError(error) && error.code === 'payout_rejected') await freed(hold, guard);
          throw error;
        }
      },
    })),
  },
  {
    name: 'a rejection releases every hold of its request',
    standsFor: 'P2: not the second guard of a route',
    breaks: 'uncovered',
    errors: (handler, guard) => (error, req, res, next) => {
      if (isPayoutGuardError(error) && error.code === 'payout_rejected') {
        for (const hold of holdsOf(res)) void freed(hold, guard);
      }
      handler(error, req, res, next);
    },
  },
  {
    name: 'a client that leaves releases the hold of its request',
    standsFor: 'R2: only a client that left before the handler ran proves something',
    breaks: 'uncovered',
    route: (route, guard) => (req, res, next) => {
      res.once('close', () => {
        if (!res.writableEnded) for (const hold of holdsOf(res)) void freed(hold, guard);
      });
      route(req, res, next);
    },
  },
  {
    name: 'the end of an answer releases what was not captured by then',
    standsFor: 'design, routes: with pay called, its function alone decides',
    breaks: 'uncovered',
    route: (route, guard) => (req, res, next) => {
      res.once('finish', () => {
        for (const hold of holdsOf(res)) if (hold.state === 'sent') void freed(hold, guard);
      });
      route(req, res, next);
    },
  },
  {
    name: 'the error says what became of the payout',
    standsFor: 'design, errors: never "not made" of a payout that may have been',
    breaks: 'misreported',
    // As if it could not find the holds of the request.
    errors: (handler) => (error, req, res, next) => {
      for (const name of Reflect.ownKeys(res.locals)) Reflect.deleteProperty(res.locals, name);
      handler(error, req, res, next);
    },
  },
  {
    name: 'a payout that cannot be found counts as failed',
    standsFor: 'R2: a payout without a record may still be on its way',
    breaks: 'uncovered',
    wallet: (settings) => ({
      ...settings,
      lookup: async (question) => {
        const answer = await settings.provider.lookup?.(question);
        return answer?.outcome === 'pending' || answer?.outcome === 'completed' ? answer : { outcome: 'failed' };
      },
    }),
  },
  {
    name: 'a "failed" of a look-up is believed while the payment code may send',
    standsFor: 'P3: a "failed" waits while sending may go on',
    breaks: 'uncovered',
    options: readings((hold) => ({ ...hold, sendsUntilMs: 0 })),
  },
  {
    name: 'the payment does not carry the reference of its hold',
    standsFor: 'invariant 15: no look-up can match such a payout',
    breaks: 'left over',
    wallet: (settings) => ({ ...settings, lookup: async () => ({ outcome: 'unknown', absent: true }) }),
  },
  {
    name: 'the first of several rows decides',
    standsFor: 'S3: any completed is completed, and only if all failed is it failed',
    breaks: 'uncovered',
    wallet: (settings, world) => ({
      ...settings,
      lookup: async (question) => {
        const answer = await settings.provider.lookup?.(question);
        const provider = [...world.providers.values()].find(({ name }) => name === settings.provider.name);
        const [first] = provider?.rowsOf(question.reference) ?? [];
        return first ? { outcome: first.outcome } : (answer ?? { outcome: 'unknown' });
      },
    }),
  },
  {
    name: 'a payout is paid although the store did not confirm it as sent',
    standsFor: 'P5: sent without an answer is "not sent"',
    breaks: 'uncovered',
    options: ofProcess((store) => ({
      settle: async (request) => {
        if (request.to !== 'sent') return store.settle(request);
        const { hold } = await store.get(request.reference);
        try {
          return await store.settle(request);
        } catch (error) {
          if (!hold) throw error;
          return { outcome: 'done', hold: { ...hold, state: 'sent' } };
        }
      },
    })),
  },
];

/** Releases a hold without the checks of its handle. */
async function freed({ reference, attempt }: Hold, guard: PayoutGuard): Promise<void> {
  await guard.release(reference, { attempt }).catch(() => {});
}
