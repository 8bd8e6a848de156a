// Mistakes, to see that the simulation finds them. None of them touches the library: each changes what it is given, a store,
// a provider or an option, so that the whole behaves as if the mistake were in the code.
import {
  type HoldStore,
  memoryStore,
  type PayoutGuardOptions,
  type SettleOutcome,
  type WalletTotals,
} from 'payout-guard';
import { atOnce, isPromise, whenAnswered } from './answers.js';
import type { StoreOptions } from './engines/engine.js';
import type { Process } from './process.js';
import type { Rule } from './violation.js';
import { wired } from './wire.js';
import type { World } from './world.js';

export interface Mistake {
  /** A sentence: what is wrong. */
  readonly name: string;
  /** The worst that comes of it. */
  readonly breaks: Rule;
  /** Changes what a guard is made with. */
  readonly options?: (options: PayoutGuardOptions, world: World, process: Process) => PayoutGuardOptions;
  /** Changes the store that all processes share. */
  readonly store?: (store: HoldStore, world: World) => HoldStore;
  /** Something that is done when a process has crashed. */
  readonly afterCrash?: (world: World, process: Process) => void;
  /** Changes what a shared store is made with. */
  readonly shared?: (options: StoreOptions) => StoreOptions;
  /** Shared stores look for a loss of memory only when they are asked something. */
  readonly looksNever?: true;
  /** Where it can be made: in the store of this process, in shared ones, or, when absent, in both. */
  readonly only?: 'local' | 'shared';
}

export const mistakes: readonly Mistake[] = [
  {
    name: 'the mark is read after the balance',
    breaks: 'overspent',
    only: 'local',
    // The guard takes the mark out of the totals when the balance is there; these say what is true at that moment.
    options: changeStore((store, world) => ({
      ...store,
      totals: async (wallet) => {
        const { epoch, active } = await store.totals(wallet);
        return {
          epoch,
          active,
          get captured() {
            return atOnce(world.store.totals(wallet)).captured;
          },
        };
      },
    })),
  },
  {
    name: 'a payout is captured before it is debited',
    breaks: 'overspent',
    options: (options) => ({ ...options, provider: { ...options.provider, debitVisibleAt: 'acceptance' } }),
  },
  {
    name: 'every process has a store of its own',
    breaks: 'overspent',
    options: (options, world, process) => {
      const own = memoryStore({ clock: world.scheduler });
      return { ...options, store: wired(world, process, () => own) };
    },
  },
  {
    name: 'a payout of unknown outcome is released',
    breaks: 'overspent',
    options: (options) => ({ ...options, verdictOf: () => 'not_sent' }),
  },
  {
    name: 'a payout that cannot be found counts as failed',
    breaks: 'overspent',
    options: (options) => ({
      ...options,
      lookup: async (question) => {
        const answer = await options.provider.lookup?.(question);
        return answer?.outcome === 'pending' || answer?.outcome === 'completed' ? answer : { outcome: 'failed' };
      },
    }),
  },
  {
    name: 'a crash releases the holds of its process',
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
    breaks: 'overspent',
    store: (store) => ({
      ...bound(store),
      hold: (request) => store.hold({ ...request, state: 'reserved', expiresInMs: 1_000 }),
    }),
  },
  {
    name: 'sent is granted after the reservation has expired',
    breaks: 'overspent',
    store: changeSettle((answer, { to }) =>
      to === 'sent' && answer.outcome === 'illegal' && answer.hold.state === 'released'
        ? { outcome: 'done', hold: { ...answer.hold, state: 'sent' } }
        : answer,
    ),
  },
  {
    name: 'a hold may be moved on by any attempt with its reference',
    breaks: 'uncovered',
    store: (store) => ({ ...bound(store), settle: (request) => store.settle({ ...request, attempt: undefined }) }),
  },
  {
    name: 'sent is granted twice',
    breaks: 'paid twice',
    store: changeSettle((answer, { to }) =>
      to === 'sent' && answer.outcome === 'illegal' && answer.hold.state === 'sent'
        ? { outcome: 'done', hold: answer.hold }
        : answer,
    ),
  },
  {
    name: 'check and hold are two steps',
    breaks: 'overspent',
    options: changeStore((store) => ({
      ...store,
      hold: async (request) => {
        const totals = await store.totals(request.wallet);
        const fits = totals.active + totals.captured + request.amountMinor <= request.limitMinor;
        return fits ? store.hold({ ...request, limitMinor: 2n ** 62n }) : { outcome: 'insufficient', totals };
      },
    })),
  },
  {
    name: 'a taken reference is accepted',
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
    name: 'a capture counts each time it is repeated',
    breaks: 'counters',
    only: 'local',
    store: (store) => {
      let extra = 0n;
      const added = (totals: WalletTotals) => ({ ...totals, captured: totals.captured + extra });
      return {
        ...bound(store),
        totals: (wallet) => added(atOnce(store.totals(wallet))),
        hold: (request) => {
          const answer = atOnce(store.hold({ ...request, limitMinor: request.limitMinor - extra }));
          return 'totals' in answer ? { ...answer, totals: added(answer.totals) } : answer;
        },
        settle: (request) => {
          const answer = atOnce(store.settle(request));
          if (answer.outcome === 'already' && request.to === 'captured') extra += answer.hold.capturedMinor ?? 0n;
          return answer;
        },
      };
    },
  },
  {
    name: 'a capture is not counted',
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
    name: 'the mark is not renewed',
    breaks: 'refused',
    options: changeStore((store) => {
      let mark: WalletTotals | undefined;
      return {
        ...store,
        totals: async (wallet) => {
          const totals = await store.totals(wallet);
          if (mark?.epoch !== totals.epoch) mark = totals;
          return { ...totals, captured: mark.captured };
        },
      };
    }),
  },
  {
    name: 'the adapter keeps balances',
    breaks: 'overspent',
    options: (options, world) => {
      const { provider } = options;
      let kept: { readonly untilMs: number; readonly answer: ReturnType<typeof provider.fetchBalance> } | undefined;
      const fetchBalance: typeof provider.fetchBalance = (request) => {
        const nowMs = world.scheduler.now();
        if (!kept || nowMs >= kept.untilMs) kept = { untilMs: nowMs + 60_000, answer: provider.fetchBalance(request) };
        return kept.answer;
      };
      return { ...options, provider: { ...provider, fetchBalance } };
    },
  },
  {
    name: 'the ledger balance decides',
    breaks: 'overspent',
    options: (options) => ({
      ...options,
      provider: {
        ...options.provider,
        fetchBalance: async (request) => {
          const balance = await options.provider.fetchBalance(request);
          return { ...balance, available: balance.details?.ledger ?? balance.available };
        },
      },
    }),
  },
  {
    name: 'a balance that lags is not told to the guard',
    breaks: 'overspent',
    options: (options) => ({
      ...options,
      visibilityLagMs: 0,
      provider: {
        ...options.provider,
        fetchBalance: async (request) => ({ ...(await options.provider.fetchBalance(request)), asOfMs: undefined }),
      },
    }),
  },
  {
    name: 'the age of the figure is ignored',
    breaks: 'overspent',
    options: (options) => ({
      ...options,
      provider: {
        ...options.provider,
        fetchBalance: async (request) => ({ ...(await options.provider.fetchBalance(request)), asOfMs: undefined }),
      },
    }),
  },
  {
    name: 'a store that lost its memory is not noticed',
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
    name: 'the floor is ignored',
    breaks: 'overspent',
    options: (options) => ({ ...options, floor: '0' }),
  },
  {
    name: 'the fee is not held',
    breaks: 'overspent',
    options: changeStore((store, { payouts }) => ({
      ...store,
      hold: (request) => {
        const payout = payouts.find(({ reference }) => reference === request.reference);
        return store.hold({ ...request, amountMinor: request.amountMinor - (payout?.feeMinor ?? 0n) });
      },
    })),
  },
  {
    name: 'nobody waits for open holds to be put back',
    breaks: 'overspent',
    only: 'shared',
    shared: (options) => ({ ...options, recoveryMs: 0 }),
  },
  {
    name: 'a process without other business does not notice that memory was lost',
    breaks: 'uncovered',
    only: 'shared',
    looksNever: true,
  },
];

type ChangeOptions = NonNullable<Mistake['options']>;

/** Changes the store as one process sees it. */
function changeStore(change: (store: HoldStore, world: World) => HoldStore): ChangeOptions {
  return (options, world) => ({ ...options, store: change(options.store ?? memoryStore(), world) });
}

/** Changes what the shared store answers to a settlement. */
function changeSettle(
  change: (answer: SettleOutcome, request: Parameters<HoldStore['settle']>[0]) => SettleOutcome,
): NonNullable<Mistake['store']> {
  return (store) => ({
    ...bound(store),
    settle: (request) => whenAnswered(store.settle(request), (answer) => change(answer, request)),
  });
}

/** The methods of a store, to put others beside them: those of a class are not copied by a spread. */
function bound(store: HoldStore): HoldStore {
  return {
    name: store.name,
    totals: (wallet) => store.totals(wallet),
    hold: (request) => store.hold(request),
    settle: (request) => store.settle(request),
    get: (reference) => store.get(reference),
    list: (filter) => store.list(filter),
    claimSent: (request) => store.claimSent(request),
    freeze: (wallet, reason) => store.freeze(wallet, reason),
    note: (key) => store.note(key),
    swapNote: (key, expected, value) => store.swapNote(key, expected, value),
    close: () => store.close(),
  };
}
