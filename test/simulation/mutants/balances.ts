// Mistakes in the handling of a balance, and in the decision on it.

import type { WalletTotals } from 'payout-guard';
import { atOnce } from '../answers.js';
import { ofProcess } from './changes.js';
import type { Mutant } from './mutant.js';

export const balanceMutants: readonly Mutant[] = [
  {
    name: 'the mark is read after the balance',
    standsFor: 'invariant 2: the mark is read before the balance is asked for',
    breaks: 'overspent',
    only: 'local',
    // The guard subtracts the mark from the totals when it has the balance. These return the current totals instead.
    options: ofProcess((store, world) => ({
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
    name: 'the mark is not renewed',
    standsFor: 'invariant 2: what was captured before the balance was asked for is in it',
    breaks: 'refused',
    options: ofProcess((store) => {
      const marks = new Map<string, WalletTotals>();
      return {
        totals: async (wallet) => {
          const totals = await store.totals(wallet);
          const known = marks.get(wallet);
          const mark = known?.epoch === totals.epoch ? known : totals;
          marks.set(wallet, mark);
          return { ...totals, captured: mark.captured };
        },
      };
    }),
  },
  {
    name: 'the adapter keeps balances',
    standsFor: 'rule 1 of a provider: it keeps no balance',
    breaks: 'overspent',
    wallet: (settings, { scheduler }) => {
      const { provider } = settings;
      let kept: { readonly untilMs: number; readonly answer: ReturnType<typeof provider.fetchBalance> } | undefined;
      const fetchBalance: typeof provider.fetchBalance = (request) => {
        const nowMs = scheduler.now();
        if (!kept || nowMs >= kept.untilMs) kept = { untilMs: nowMs + 60_000, answer: provider.fetchBalance(request) };
        return kept.answer;
      };
      return { ...settings, provider: { ...provider, fetchBalance } };
    },
  },
  {
    name: 'the ledger balance decides',
    standsFor: 'invariant 1: only available decides',
    breaks: 'overspent',
    wallet: (settings) => ({
      ...settings,
      provider: {
        ...settings.provider,
        fetchBalance: async (request) => {
          const balance = await settings.provider.fetchBalance(request);
          return { ...balance, available: balance.details?.ledger ?? balance.available };
        },
      },
    }),
  },
  {
    name: 'a capture counts as visible at once',
    standsFor: 'P8: captured is not yet visible',
    breaks: 'overspent',
    wallet: (settings) => ({ ...withoutAge(settings), visibilityLagMs: 0 }),
  },
  {
    name: 'the age of the figure is ignored',
    standsFor: 'rule 2 of a provider: a figure that is too old is refused',
    breaks: 'overspent',
    wallet: (settings) => withoutAge(settings),
  },
  {
    name: 'the floor is ignored',
    standsFor: 'invariant 2: the floor is never spent',
    breaks: 'overspent',
    wallet: (settings) => ({ ...settings, floor: '0' }),
  },
  {
    name: 'the fee is not held',
    standsFor: 'invariant 2: the fee is part of the payout',
    breaks: 'overspent',
    options: ofProcess((store, { payouts }) => ({
      hold: (request) => {
        const payout = payouts.find(({ reference }) => reference === request.reference);
        return store.hold({ ...request, amountMinor: request.amountMinor - (payout?.feeMinor ?? 0n) });
      },
    })),
  },
];

type Settings = Parameters<NonNullable<Mutant['wallet']>>[0];

function withoutAge(settings: Settings): Settings {
  const { provider } = settings;
  const fetchBalance: typeof provider.fetchBalance = async (request) => ({
    ...(await provider.fetchBalance(request)),
    asOfMs: undefined,
  });
  return { ...settings, provider: { ...provider, fetchBalance } };
}
