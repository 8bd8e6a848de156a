// Mistakes about data that a store lost, and about messages that come late, twice or not at all.
import type { HoldOutcome, HoldRecord, HoldRequest, WalletTotals } from 'payout-guard';
import { atOnce, whenAnswered } from '../answers.js';
import type { World } from '../world.js';
import { bound, ofProcess } from './changes.js';
import type { Mutant } from './mutant.js';

export const lostAndLateMutants: readonly Mutant[] = [
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
