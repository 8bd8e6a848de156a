// Mistakes with payrolls.
import type { HoldAllOutcome, HoldAllRequest, HoldStore, MaybePromise } from 'payout-guard';
import { whenAnswered } from '../answers.js';
import { bound } from './changes.js';
import type { Mutant } from './mutant.js';

const noLimit = 2n ** 62n;

export const payrollMutants: readonly Mutant[] = [
  {
    name: 'the sum of a payroll is not checked',
    standsFor: 'rule 26 of a store: payouts of a batch fit together',
    breaks: 'overspent',
    store: (store) => ({
      ...bound(store),
      holdAll: (request) =>
        whenAnswered(store.totals(request.wallet), ({ active, captured }) => {
          const fits = request.payouts.every(
            ({ amountMinor }) => active + captured + amountMinor <= request.limitMinor,
          );
          return store.holdAll(fits ? { ...request, limitMinor: noLimit } : request);
        }),
    }),
  },
  {
    name: 'a taken reference is held again in a payroll',
    standsFor: 'B1 and rule 26 of a store: a reference that is taken is not paid',
    breaks: 'paid twice',
    store: (store) => {
      /** The references under which the copies are, by the attempt and reference that they were asked for with. */
      const copies = new Map<string, string>();
      const nameOf = (attempt: string | undefined, reference: string) =>
        copies.get(`${attempt} ${reference}`) ?? reference;
      return {
        ...bound(store),
        holdAll: (request) =>
          whenAnswered(store.holdAll(request), (answer) => {
            const taken = takenBy(answer);
            for (const reference of taken) {
              copies.set(`${request.attempt} ${reference}`, `${reference}-copy${copies.size + 1}`);
            }
            return taken.size === 0 ? answer : holdCopies(store, request, nameOf);
          }),
        settle: (request) => store.settle({ ...request, reference: nameOf(request.attempt, request.reference) }),
      };
    },
  },
  {
    name: 'a payroll is divided without taking its money out of the sum',
    standsFor: 'B1 and rule 28 of a store: the amounts leave the hold that has them',
    breaks: 'overspent',
    store: (store) => ({
      ...bound(store),
      holdAll: (request) => {
        if (!request.from) return store.holdAll(request);
        return store.holdAll({ ...request, from: undefined, limitMinor: noLimit });
      },
    }),
  },
  {
    name: 'a payroll is divided out of a sum that has expired',
    standsFor: 'B1 and rule 28 of a store: only a reserved hold is divided',
    breaks: 'overspent',
    store: (store) => ({
      ...bound(store),
      holdAll: (request) =>
        whenAnswered(store.holdAll(request), (answer) =>
          answer.outcome === 'illegal' ? store.holdAll({ ...request, from: undefined, limitMinor: noLimit }) : answer,
        ),
    }),
  },
  {
    name: 'a payroll that does not fit is held half',
    standsFor: 'B1 and rule 26 of a store: all or none',
    breaks: 'half held',
    store: (store) => ({
      ...bound(store),
      holdAll: (request) => {
        const { policy, from } = request;
        if (policy !== 'all' || from) return store.holdAll(request);
        return whenAnswered(store.holdAll({ ...request, policy: 'fit' }), (answer): HoldAllOutcome => {
          if (answer.outcome !== 'done' || answer.holds.every(({ outcome }) => outcome === 'held')) return answer;
          const refusals = answer.holds.flatMap((one, index) =>
            one.outcome === 'held' ? [] : [{ ...one, reference: request.payouts[index]?.reference ?? '' }],
          );
          const [totals] = answer.holds.flatMap((one) => ('totals' in one ? [one.totals] : []));
          return { outcome: 'refused', refusals, totals };
        });
      },
    }),
  },
  {
    name: 'an undo releases a payout that another handle sends',
    standsFor: 'rule 17 of a store: a release that names a sender is for what this sender was given',
    breaks: 'uncovered',
    store: (store) => ({
      ...bound(store),
      settle: (request) =>
        store.settle(request.to === 'released' && request.notSent ? { ...request, sender: undefined } : request),
    }),
  },
];

function takenBy(answer: HoldAllOutcome): ReadonlySet<string> {
  if (answer.outcome === 'illegal') return new Set();
  const all = answer.outcome === 'refused' ? answer.refusals : answer.holds;
  return new Set(all.flatMap((one) => (one.outcome === 'exists' ? [one.hold.reference] : [])));
}

/** Holds taken payouts under other references, and shows them under their own. */
function holdCopies(
  store: HoldStore,
  request: HoldAllRequest,
  nameOf: (attempt: string, reference: string) => string,
): MaybePromise<HoldAllOutcome> {
  const payouts = request.payouts.map((payout) => ({
    ...payout,
    reference: nameOf(request.attempt, payout.reference),
  }));
  return whenAnswered(store.holdAll({ ...request, payouts }), (answer) => {
    if (answer.outcome !== 'done') return answer;
    const holds = answer.holds.map((one, index) => {
      const reference = request.payouts[index]?.reference ?? '';
      return one.outcome === 'held' ? { ...one, hold: { ...one.hold, reference } } : one;
    });
    return { outcome: 'done', holds };
  });
}
