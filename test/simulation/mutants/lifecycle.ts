// Mistakes in the lifecycle of holds and wallets, and in a guard that closes.
import type { HoldStore, MaybePromise, PayoutGuard, SettleOutcome } from 'payout-guard';
import { whenAnswered } from '../answers.js';
import { bound, handles, ofProcess } from './changes.js';
import type { Mutant } from './mutant.js';

export const lifecycleMutants: readonly Mutant[] = [
  {
    name: 'a second pay runs',
    standsFor: 'P4: pay begins once per handle',
    breaks: 'paid twice',
    guard: handles((hold) => {
      let hasBegun = false;
      return {
        pay: async (fn, options) => {
          if (hasBegun) return fn(hold);
          hasBegun = true;
          return hold.pay(fn, options);
        },
      };
    }),
  },
  {
    name: 'release works after pay began',
    standsFor: 'P4: after it began, release rejects',
    breaks: 'uncovered',
    guard: handles(({ reference, attempt }, guard) => ({
      isPaying: false,
      release: () => guard.release(reference, { attempt }),
    })),
  },
  {
    name: 'a reservation of a frozen wallet is sent',
    standsFor: 'P11: on a frozen wallet sent is refused and the hold stays reserved',
    breaks: 'uncovered',
    // With other stores, the moment without a freeze is visible.
    only: 'local',
    store: (store) => ({ ...bound(store), settle: (request) => settledThough(store, request) }),
  },
  {
    name: 'claims ignore wallets',
    standsFor: 'invariant 11: a guard claims only holds of its own wallets',
    breaks: 'foreign',
    options: ofProcess((store, { settings }) => ({
      claim: (request) => store.claim({ ...request, wallets: settings.wallets.map(({ key }) => key) }),
    })),
  },
  {
    name: 'the wallet of a hold is not compared before it is settled',
    standsFor: 'invariant 11: a guard settles only holds of its own wallets',
    breaks: 'foreign',
    options: ofProcess((store, _, [own = '']) => ({
      get: async (reference) => {
        const reading = await store.get(reference);
        return { ...reading, hold: reading.hold && { ...reading.hold, wallet: own } };
      },
    })),
  },
  {
    name: 'the default wallet is used for an unknown one',
    standsFor: 'W1 and F1: an unknown wallet is refused, never another one used',
    breaks: 'foreign',
    guard: (guard, _, { role }) => {
      const known = (wallet: string | undefined) =>
        wallet === undefined || role.wallets.includes(wallet) ? wallet : role.wallets[0];
      return {
        ...guard,
        internals: guard.internals,
        withHold: (options, fn) =>
          guard.withHold({ ...options, currency: undefined, wallet: known(options.wallet) }, fn),
      };
    },
  },
  {
    name: 'the account of a wallet is not checked',
    standsFor: 'W1: one key, one identity, and one identity, one key',
    breaks: 'foreign',
    options: ofProcess(() => ({ note: () => undefined, swapNote: () => true })),
  },
  {
    name: 'two wallets are counted as one',
    standsFor: 'invariant 11: a wallet has one identity',
    breaks: 'foreign',
    options: ofProcess((store, { settings }) => {
      const first = settings.wallets[0]?.key ?? '';
      return {
        totals: () => store.totals(first),
        hold: (request) => store.hold({ ...request, wallet: first }),
      };
    }),
  },
  {
    name: 'a verdict that the store cannot take is tried once',
    standsFor: 'invariant 13 and S2: a known verdict is not forgotten',
    breaks: 'silent',
    options: ofProcess((store) => {
      const tried = new Set<string>();
      return {
        settle: async (request) => {
          const { reference, attempt, to } = request;
          const name = `${reference} ${attempt} ${to}`;
          const { hold } = tried.has(name) ? await store.get(reference) : {};
          if (hold) return { outcome: 'already', hold };
          try {
            return await store.settle(request);
          } catch (error) {
            tried.add(name);
            throw error;
          }
        },
      };
    }),
  },
  {
    name: 'close forgets what is under way',
    standsFor: 'S5 and invariant 13: close reports what it leaves open',
    breaks: 'silent',
    guard: (guard) => ({
      ...guard,
      internals: guard.internals,
      close: async () => {
        void guard.close({ waitMs: 0 });
        return { open: [] };
      },
    }),
  },
  {
    name: 'close waits as long as payouts take',
    standsFor: 'S5: it resolves within waitMs and a second',
    breaks: 'stuck',
    guard: (guard) => ({ ...guard, internals: guard.internals, close: () => guard.close({ waitMs: 86_400_000 }) }),
  },
  {
    name: 'keys with undecided payouts are not listed',
    standsFor: 'W3: a guard claims the keys that it resolves, and keys that nothing serves are reported',
    breaks: 'silent',
    options: ofProcess((store) => ({
      claim: async (request) => ({ ...(await store.claim(request)), unserved: [] }),
    })),
  },
  {
    name: 'overdue payouts are not reported',
    standsFor: 'R2 and invariant 13: every hold ends or is reported',
    breaks: 'silent',
    guard: (guard) => {
      guard.on('overdue', () => {});
      const on: PayoutGuard['on'] = (name, listener) => (name === 'overdue' ? () => {} : guard.on(name, listener));
      return { ...guard, internals: guard.internals, on };
    },
  },
];

/** Settles a hold as if its wallet were not frozen. */
function settledThough(store: HoldStore, request: Parameters<HoldStore['settle']>[0]): MaybePromise<SettleOutcome> {
  return whenAnswered(store.settle(request), (answer) => {
    if (answer.outcome !== 'frozen') return answer;
    const { reason } = answer.frozen;
    return whenAnswered(store.get(request.reference), ({ hold }) => {
      const wallet = hold?.wallet ?? '';
      return whenAnswered(store.freeze(wallet, undefined), () =>
        whenAnswered(store.settle(request), (again) => whenAnswered(store.freeze(wallet, reason), () => again)),
      );
    });
  });
}
