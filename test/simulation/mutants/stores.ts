// Mistakes of stores.
import {
  type HoldOutcome,
  type HoldRecord,
  type HoldRequest,
  type HoldStore,
  memoryStore,
  type WalletTotals,
} from 'payout-guard';
import { atOnce, isPromise, whenAnswered } from '../answers.js';
import { wired } from '../wire.js';
import type { World } from '../world.js';
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
  {
    name: 'a capture counts each time it is repeated',
    standsFor: 'rule 7 of a store',
    breaks: 'counters',
    only: 'local',
    store: (store) => {
      const extra = new Map<string, bigint>();
      const extraOf = (wallet: string) => extra.get(wallet) ?? 0n;
      const added = (wallet: string, totals: WalletTotals) => ({
        ...totals,
        captured: totals.captured + extraOf(wallet),
      });
      return {
        ...bound(store),
        totals: (wallet) => added(wallet, atOnce(store.totals(wallet))),
        hold: (request) => {
          const { wallet, limitMinor } = request;
          const answer = atOnce(store.hold({ ...request, limitMinor: limitMinor - extraOf(wallet) }));
          return 'totals' in answer ? { ...answer, totals: added(wallet, answer.totals) } : answer;
        },
        settle: (request) => {
          const answer = atOnce(store.settle(request));
          if (answer.outcome === 'already' && request.to === 'captured') {
            const { wallet, capturedMinor = 0n } = answer.hold;
            extra.set(wallet, extraOf(wallet) + capturedMinor);
          }
          return answer;
        },
      };
    },
  },
  {
    name: 'a payout that fails after its debit gives its money back',
    standsFor: 'P7: a later failed changes no total; the refund shows in a reading',
    breaks: 'counters',
    only: 'local',
    store: (store) => {
      const refunded = new Map<string, bigint>();
      const seen = new Set<string>();
      const refundedOf = (wallet: string) => refunded.get(wallet) ?? 0n;
      const less = (wallet: string, totals: WalletTotals) => ({
        ...totals,
        captured: totals.captured - refundedOf(wallet),
      });
      return {
        ...bound(store),
        totals: (wallet) => less(wallet, atOnce(store.totals(wallet))),
        hold: (request) => {
          const { wallet, limitMinor } = request;
          const answer = atOnce(store.hold({ ...request, limitMinor: limitMinor + refundedOf(wallet) }));
          return 'totals' in answer ? { ...answer, totals: less(wallet, answer.totals) } : answer;
        },
        settle: (request) => {
          const answer = atOnce(store.settle(request));
          const isRefund = request.to === 'failed' && answer.outcome === 'already' && answer.hold.state === 'captured';
          if (isRefund && !seen.has(answer.hold.attempt)) {
            const { wallet, attempt, capturedMinor = 0n } = answer.hold;
            seen.add(attempt);
            refunded.set(wallet, refundedOf(wallet) + capturedMinor);
          }
          return answer;
        },
      };
    },
  },
  {
    name: 'a capture is not counted',
    standsFor: 'rule 7 of a store',
    breaks: 'overspent',
    store: (store) => ({
      ...bound(store),
      settle: (request) => {
        if (request.to !== 'captured') return store.settle(request);
        const capturedMinor = request.actualMinor;
        return whenAnswered(store.settle({ reference: request.reference, to: 'released' }), (answer) =>
          'hold' in answer ? { ...answer, hold: { ...answer.hold, state: 'captured', capturedMinor } } : answer,
        );
      },
    }),
  },
  {
    name: 'a capture after the reservation expired is dropped',
    standsFor: 'S1: money that left is a fact',
    breaks: 'uncovered',
    store: (store) => ({
      ...bound(store),
      settle: (request) => {
        if (request.to !== 'captured') return store.settle(request);
        return whenAnswered(store.get(request.reference), ({ hold }) =>
          hold?.state === 'released' ? { outcome: 'illegal', hold } : store.settle(request),
        );
      },
    }),
  },
  {
    name: 'a store that lost its memory is not noticed',
    standsFor: 'invariant 8: marks of another epoch are stale',
    breaks: 'overspent',
    only: 'local',
    store: (store) => {
      const { epoch } = atOnce(store.totals('default'));
      const always = (totals: WalletTotals) => ({ ...totals, epoch: 'always' });
      return {
        ...bound(store),
        totals: (wallet) => always(atOnce(store.totals(wallet))),
        hold: (request) => {
          const answer = atOnce(store.hold({ ...request, epoch }));
          return 'totals' in answer ? { ...answer, totals: always(answer.totals) } : answer;
        },
      };
    },
  },
  {
    name: 'nothing waits for open holds to be restored',
    standsFor: 'invariant 8: open holds are restored before anything is approved',
    breaks: 'overspent',
    only: 'shared',
    shared: (options) => ({ ...options, recoveryMs: 0 }),
  },
  {
    name: 'the reply to an earlier question is believed',
    standsFor: 'invariant 12: only the answer to a request itself shows its outcome',
    breaks: 'uncovered',
    // An engine's client pairs questions and replies below the store, where a history cannot change it.
    only: 'local',
    store: (store, world) => {
      const replies = repliesOf(world);
      return {
        ...bound(store),
        hold: (request) =>
          whenAnswered(store.hold(request), (answer) => {
            replies.set(request.attempt, answer);
            return answer;
          }),
      };
    },
    options: ofProcess((store, world) => {
      // Attempts whose replies were not read yet: none, until one is not awaited any longer.
      const unread: string[] = [];
      return {
        hold: async (request) => {
          const answered = Promise.resolve(store.hold(request));
          const replies = repliesOf(world);
          // A request that was lost has none.
          const next = unread.find((attempt) => replies.has(attempt)) ?? '';
          const earlier = replies.get(next);
          if (earlier === undefined) {
            return answered.catch((error: unknown) => {
              unread.push(request.attempt);
              throw error;
            });
          }
          unread.splice(0, unread.indexOf(next) + 1);
          unread.push(request.attempt);
          await answered.catch(() => {});
          // A reply contains no more than that it is held, and the totals.
          return earlier.outcome === 'held' ? { ...earlier, hold: heldAs(request, earlier.hold) } : earlier;
        },
      };
    }),
  },
  {
    name: 'a batch that comes too late is executed',
    standsFor: 'invariant 12 and T2: a late message holds nothing',
    breaks: 'left over',
    only: 'shared',
    flaws: { notAfterMs: (headerMs) => headerMs + 1_000_000 },
  },
  {
    name: 'an attempt is undone for the last time before it is too late',
    standsFor: 'invariant 12: an undo is over when the time of the store has passed that of its attempt',
    breaks: 'left over',
    only: 'shared',
    flaws: { notAfterMs: (headerMs) => headerMs + 3_000 },
  },
  {
    name: 'a batch that a client sends twice is executed twice',
    standsFor: 'invariant 12: a request that is sent twice runs once',
    breaks: 'left over',
    only: 'shared',
    flaws: { forgetsBatches: true },
  },
  {
    name: 'a batch that is not executed counts as refused',
    standsFor: 'invariant 12: "not executed" is no refusal, because another copy may have been in time',
    breaks: 'left over',
    only: 'shared',
    flaws: { refusesLate: true },
  },
  {
    name: 'the time of the store runs back',
    standsFor: 'T2: time of a store never runs back',
    breaks: 'stuck',
    only: 'shared',
    flaws: { forgetsTime: true },
  },
  {
    name: 'a clock that steps ends the recovery',
    standsFor: 'invariant 8: the window in which holds are restored is not shortened by a clock that steps',
    breaks: 'overspent',
    only: 'shared',
    durationsStep: true,
  },
  {
    name: 'a process without other business does not notice that memory was lost',
    standsFor: 'invariant 8: processes restore their open holds',
    breaks: 'uncovered',
    only: 'shared',
    looksNever: true,
  },
];

/** The store's answers to each attempt of a history. */
const answersOf = new WeakMap<World, Map<string, HoldOutcome>>();

function repliesOf(world: World): Map<string, HoldOutcome> {
  const known = answersOf.get(world) ?? new Map<string, HoldOutcome>();
  answersOf.set(world, known);
  return known;
}

function heldAs({ reference, wallet, attempt, amountMinor, currency }: HoldRequest, hold: HoldRecord): HoldRecord {
  return { ...hold, reference, wallet, attempt, amountMinor, currency };
}

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
