// Mistakes with limits.
import type { DayLimits, HoldStore, LimitSettings } from 'payout-guard';
import { whenAnswered } from '../answers.js';
import { dayOf } from '../limits/calendar.js';
import type { World } from '../world.js';
import { bound, ofProcess } from './changes.js';
import { miscounting } from './miscounts.js';
import type { Mutant } from './mutant.js';

const noLimit = 2n ** 62n;

// The counters of an engine are read without the store of a process, which these mistakes change. So those that only
// show in the end are of the local store.

/** The bounds of a day that every moment is within. */
const always = { startMs: 0, endMs: 2 ** 50 };

export const limitMutants: readonly Mutant[] = [
  {
    name: 'a hold is compared with its limits and not counted',
    standsFor: 'B2 and rule 32 of a store: a hold counts from its grant on',
    breaks: 'above a limit',
    store: miscounting({ onHeld: (hold, add) => add(hold, -hold.amountMinor) }),
  },
  {
    name: 'a limit is compared and counted in two steps',
    standsFor: 'B2 and rule 30 of a store: limits and hold are one step',
    breaks: 'above a limit',
    options: ofProcess((store) => ({
      hold: async (request) => {
        const { limits, reference, attempt } = request;
        if (!limits) return store.hold(request);
        // It fits in no balance, and limits are compared before that.
        const probe = { reference: `${reference}?`, attempt: `${attempt}?`, limitMinor: -1n };
        const answer = await store.hold({ ...request, ...probe });
        if (answer.outcome === 'over_limit') return answer;
        return store.hold({ ...request, limits: { ...limits, perDayMinor: undefined, perPayeeMinor: undefined } });
      },
    })),
  },
  {
    name: 'a reference that is held again counts twice',
    standsFor: 'B2 and rule 32 of a store: a hold counts once',
    breaks: 'counters',
    only: 'local',
    store: miscounting({ onHeld: (hold, add) => add(hold, hold.turn === undefined ? 0n : hold.amountMinor) }),
  },
  {
    name: 'a release gives nothing back to its day',
    standsFor: 'B2 and rule 32 of a store: what is released counts nothing any more',
    breaks: 'counters',
    only: 'local',
    store: miscounting({
      onSettled: ({ hold }, add) => add(hold, hold.state === 'released' ? hold.amountMinor : 0n),
    }),
  },
  {
    name: 'a capture counts what was held',
    standsFor: 'B2 and rule 32 of a store: the real debit counts',
    breaks: 'counters',
    only: 'local',
    store: miscounting({
      onSettled: ({ hold }, add) => {
        const { state, amountMinor, capturedMinor = amountMinor } = hold;
        add(hold, state === 'captured' ? amountMinor - capturedMinor : 0n);
      },
    }),
  },
  {
    name: 'a late capture is not counted',
    standsFor: 'B2 and rule 32 of a store: a late capture counts the debit again',
    breaks: 'counters',
    only: 'local',
    store: miscounting({
      onSettled: ({ outcome, hold }, add) => add(hold, outcome === 'late' ? -(hold.capturedMinor ?? 0n) : 0n),
    }),
  },
  {
    name: 'a payee has used what the wallet has',
    standsFor: 'B2 and rule 33 of a store: a hold changes the counters of no other payee',
    breaks: 'refused',
    store: (store) => ({
      ...bound(store),
      hold: (request) => {
        const { limits } = request;
        const { perDayMinor, perPayeeMinor } = limits ?? {};
        if (!limits || perPayeeMinor === undefined || (perDayMinor ?? noLimit) <= perPayeeMinor)
          return store.hold(request);
        const asked = { ...request, limits: { ...limits, perDayMinor: perPayeeMinor } };
        return whenAnswered(store.hold(asked), (answer) =>
          answer.outcome === 'over_limit' ? { ...answer, limit: 'perPayee' } : answer,
        );
      },
    }),
  },
  {
    name: 'a day begins at midnight in UTC',
    standsFor: 'B2: the day is that of the time zone of the wallet',
    breaks: 'counters',
    wallet: changing((limits) => limits.timeZone && { ...limits, timeZone: 'UTC' }),
  },
  {
    name: 'the day is that of the clock of a process',
    standsFor: 'B2 and rule 31 of a store: the day is the one of the store',
    breaks: 'counters',
    options: (options, world, process) =>
      ofProcess((store) => ({
        hold: (request) => {
          const plan = world.limits?.plans.get(request.wallet);
          if (!plan || !request.limits) return store.hold(request);
          const day = dayOf(world.scheduler.now() + process.clockErrorMs, plan.timeZone);
          return store.hold({ ...request, limits: { ...request.limits, ...always, day } });
        },
      }))(options, world, process),
  },
  {
    name: 'the payouts of a divided payroll count on the day of their own hold',
    standsFor: 'B2 and rule 31 of a store: what comes out of a sum has its day',
    breaks: 'counters',
    store: splitting((limits, wallet, world) => {
      const plan = world.limits?.plans.get(wallet);
      return plan ? { ...limits, day: dayOf(world.scheduler.now(), plan.timeZone) } : limits;
    }),
  },
  {
    name: 'the payouts of a divided payroll are not counted',
    standsFor: 'B2 and rule 32 of a store: each hold counts',
    breaks: 'above a limit',
    store: splitting(() => undefined),
  },
  {
    name: 'a divided payroll counts twice',
    standsFor: 'B2 and rule 32 of a store: what leaves a sum counts once',
    breaks: 'counters',
    only: 'local',
    store: miscounting({ onSplit: (hold, add) => add(hold, hold.amountMinor) }),
  },
  {
    name: 'a payroll is not compared with the limits of its payees',
    standsFor: 'B2 and rule 30 of a store: a hold fits in each limit',
    breaks: 'above a limit',
    store: (store) => ({
      ...bound(store),
      holdAll: (request) =>
        store.holdAll({
          ...request,
          payouts: request.payouts.map(({ limits, ...payout }) => {
            return { ...payout, limits: limits && { ...limits, perPayeeMinor: undefined } };
          }),
        }),
    }),
  },
  {
    name: 'a store that lost its data begins the day anew',
    standsFor: 'B2 and rule 34 of a store: counters that lack a part of the day are unknown',
    breaks: 'above a limit',
    store: limiting((limits) => ({ ...limits, countSinceStart: true })),
  },
  {
    name: 'what an operator accepted outlives a loss of data',
    standsFor: 'B2 and rule 34 of a store: data that was lost ends what was accepted before',
    breaks: 'above a limit',
    store: (store, world) => {
      const accepted = acceptedIn(world);
      const lenient = limiting((limits, wallet) =>
        accepted.has(wallet) ? { ...limits, countSinceStart: true } : limits,
      );
      return {
        ...lenient(store, world),
        acceptLimits: (wallet) => {
          accepted.add(wallet);
          return store.acceptLimits?.(wallet);
        },
      };
    },
  },
  {
    name: 'a guard of the wallet has no limits',
    standsFor: 'B2 and rule 35 of a store: every guard of a wallet has its limits',
    breaks: 'above a limit',
    wallet: (settings, _, { name }) => (/[02468]$/.test(name) ? { ...settings, limits: undefined } : settings),
  },
  {
    name: 'the limit for one payout is ignored',
    standsFor: 'B2: the limit for one payout',
    breaks: 'above a limit',
    wallet: changing((limits) => (limits.timeZone ? { ...limits, perPayout: undefined } : undefined)),
  },
];

type Change = (limits: DayLimits, wallet: string, world: World) => DayLimits | undefined;

/** Changes the limits of each hold in the shared store. */
function limiting(change: Change): NonNullable<Mutant['store']> {
  return (store, world) => ({
    ...splitting(change, false)(store, world),
    hold: (request) => {
      const { limits, wallet } = request;
      return store.hold({ ...request, limits: limits && change(limits, wallet, world) });
    },
  });
}

/** Changes the limits of the payouts that come out of a sum, or of those of every payroll. */
function splitting(change: Change, isOfSum = true): NonNullable<Mutant['store']> {
  return (store: HoldStore, world) => ({
    ...bound(store),
    holdAll: (request) => {
      if (isOfSum && !request.from) return store.holdAll(request);
      const payouts = request.payouts.map(({ limits, ...payout }) => {
        return { ...payout, limits: limits && change(limits, request.wallet, world) };
      });
      return store.holdAll({ ...request, payouts });
    },
  });
}

/** Changes the limits in the settings of each wallet. */
function changing(change: (limits: LimitSettings) => LimitSettings | '' | undefined): NonNullable<Mutant['wallet']> {
  return (settings) => (settings.limits ? { ...settings, limits: change(settings.limits) || undefined } : settings);
}

/** The wallets that an operator accepted in a history, in any memory of the store. */
const accepted = new WeakMap<World, Set<string>>();

function acceptedIn(world: World): Set<string> {
  const known = accepted.get(world) ?? new Set<string>();
  accepted.set(world, known);
  return known;
}
