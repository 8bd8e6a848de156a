// Mistakes of stores about holds and references.
import { type HoldStore, memoryStore } from 'payout-guard';
import { isPromise, whenAnswered } from '../answers.js';
import { wired } from '../wire.js';
import { bound, ofProcess, settlements } from './changes.js';
import type { Mutant } from './mutant.js';

export const storeMutants: readonly Mutant[] = [
  {
    name: 'every process has a store of its own',
    standsFor: 'invariant 3: all processes of a wallet share one store',
    breaks: 'overspent',
    options: (options, world, process) => {
      const own = memoryStore({ clock: world.scheduler });
      return { ...options, store: wired(world, process, () => own) };
    },
  },
  {
    name: 'check and hold are two steps',
    standsFor: 'rule 2 of a store',
    breaks: 'overspent',
    options: ofProcess((store) => ({
      hold: async (request) => {
        const totals = await store.totals(request.wallet);
        const fits = totals.active + totals.captured + request.amountMinor <= request.limitMinor;
        return fits ? store.hold({ ...request, limitMinor: 2n ** 62n }) : { outcome: 'insufficient', totals };
      },
    })),
  },
  {
    name: 'a crash releases the holds of its process',
    standsFor: 'invariant 4: time never frees money that may have left',
    breaks: 'overspent',
    afterCrash: ({ truth, scheduler, store }, { name }) => {
      for (const { reference } of truth.attempts.filter(({ sender }) => sender === name)) {
        const released = store.settle({ reference, to: 'released' });
        if (isPromise(released)) scheduler.waitFor(released);
      }
    },
  },
  {
    name: 'a sent hold expires',
    standsFor: 'invariant 4: a sent hold ends only by a verdict or an operator',
    breaks: 'uncovered',
    store: (store) => ({
      ...bound(store),
      hold: (request) => store.hold({ ...request, state: 'reserved', expiresInMs: 1_000 }),
    }),
  },
  {
    name: 'sent is given after the reservation has expired',
    standsFor: 'rule 6 of a store',
    breaks: 'overspent',
    store: settlements((answer, { to }) =>
      to === 'sent' && answer.outcome === 'illegal' && answer.hold.state === 'released'
        ? { outcome: 'done', hold: { ...answer.hold, state: 'sent' } }
        : answer,
    ),
  },
  {
    name: 'sent is given twice',
    standsFor: 'P11: of several handles the store lets one become sent',
    breaks: 'paid twice',
    store: settlements((answer, { to }) =>
      to === 'sent' && answer.outcome === 'illegal' && answer.hold.state === 'sent'
        ? { outcome: 'done', hold: answer.hold }
        : answer,
    ),
  },
  {
    name: 'a hold may be moved on by any attempt with its reference',
    standsFor: 'rule 17 of a store',
    breaks: 'uncovered',
    store: (store) => ({ ...bound(store), settle: (request) => store.settle({ ...request, attempt: undefined }) }),
  },
  {
    name: 'a taken reference is accepted',
    standsFor: 'invariant 6: one reference, one payout',
    breaks: 'paid twice',
    store: (store) => {
      let copies = 0;
      return {
        ...bound(store),
        hold: (request) => {
          const { reference } = request;
          return whenAnswered(store.hold(request), (answer) => {
            if (answer.outcome !== 'exists') return answer;
            const copied = store.hold({ ...request, reference: `${reference}-${++copies}` });
            return whenAnswered(copied, (copy) =>
              copy.outcome === 'held' ? { ...copy, hold: { ...copy.hold, reference } } : copy,
            );
          });
        },
      };
    },
  },
  {
    name: 'references that were released make the store forget captured ones',
    standsFor: 'invariant 6 and S6: a captured reference is never evicted by released ones',
    breaks: 'paid twice',
    only: 'local',
    store: forgetful,
  },
  {
    name: 'a reference that failed is held again',
    standsFor: 'P9: a reference that failed at the provider is not held again',
    breaks: 'paid twice',
    store: (store) => ({
      ...bound(store),
      settle: (request) => {
        const { reference, attempt, to } = request;
        return to === 'failed' || to === 'released'
          ? store.settle({ reference, attempt, to: 'released', notSent: true })
          : store.settle(request);
      },
    }),
  },
  {
    name: 'the payee is not compared',
    standsFor: 'P10: another payee under the same reference is a conflict',
    breaks: 'paid twice',
    store: (store) => ({ ...bound(store), hold: (request) => store.hold({ ...request, fingerprint: undefined }) }),
  },
];

/** Forgets the oldest captured reference with every release. */
function forgetful(store: HoldStore): HoldStore {
  const captured: string[] = [];
  /** The names under which forgotten references are stored. */
  const names = new Map<string, string>();
  const nameOf = (reference: string) => names.get(reference) ?? reference;
  return {
    ...bound(store),
    get: (reference) => store.get(nameOf(reference)),
    hold: (request) =>
      whenAnswered(store.hold({ ...request, reference: nameOf(request.reference) }), (answer) =>
        answer.outcome === 'held' ? { ...answer, hold: { ...answer.hold, reference: request.reference } } : answer,
      ),
    settle: (request) =>
      whenAnswered(store.settle({ ...request, reference: nameOf(request.reference) }), (answer) => {
        if (answer.outcome === 'done' && request.to === 'captured') captured.push(request.reference);
        const forgotten = answer.outcome === 'done' && request.to === 'released' ? captured.shift() : undefined;
        if (forgotten !== undefined) names.set(forgotten, `${nameOf(forgotten)}~`);
        return answer;
      }),
  };
}
