// Ways to change the objects that the library receives.
import type { Hold, HoldRecord, HoldStore, PayoutGuard, SettleOutcome } from 'payout-guard';
import { changed } from '../../support/stores.js';
import { whenAnswered } from '../answers.js';
import type { World } from '../world.js';
import type { Mutant } from './mutant.js';

/** Binds the methods of a store, because a spread does not copy those of a class. */
export function bound(store: HoldStore): HoldStore {
  return changed(store, {});
}

/** Changes the store as one process uses it. */
export function ofProcess(
  change: (store: HoldStore, world: World, served: readonly string[]) => Partial<HoldStore>,
): NonNullable<Mutant['options']> {
  return (options, world, { role }) => {
    const { store } = options;
    if (!store) throw new TypeError('A guard of a history has a store.');
    return { ...options, store: { ...store, ...change(store, world, role.wallets) } };
  };
}

/** Changes the shared store's answer to a settlement. */
export function settlements(
  change: (answer: SettleOutcome, request: Parameters<HoldStore['settle']>[0]) => SettleOutcome,
): NonNullable<Mutant['store']> {
  return (store) => ({
    ...bound(store),
    settle: (request) => whenAnswered(store.settle(request), (answer) => change(answer, request)),
  });
}

/** Changes the holds that a process reads. */
export function readings(change: (hold: HoldRecord) => HoldRecord): NonNullable<Mutant['options']> {
  return ofProcess((store) => ({
    get: async (reference) => {
      const reading = await store.get(reference);
      return { ...reading, hold: reading.hold && change(reading.hold) };
    },
    claim: async (request) => {
      const page = await store.claim(request);
      return { ...page, holds: page.holds.map(change) };
    },
  }));
}

/** Catches a payment that is not awaited, as the real one does, so that it does not end the process. */
function withQuietPay(changes: Partial<Hold>): Partial<Hold> {
  const { pay } = changes;
  if (!pay) return changes;
  const quietPay: Hold['pay'] = (fn, options) => {
    const paying = pay(fn, options);
    paying.catch(() => {});
    return paying;
  };
  return { ...changes, pay: quietPay };
}

/** Changes every hold that a guard returns to its application. */
export function handles(change: (hold: Hold, guard: PayoutGuard) => Partial<Hold>): NonNullable<Mutant['guard']> {
  return (guard) => {
    const changed = (hold: Hold): Hold => {
      const changes = withQuietPay(change(hold, guard));
      // Getters of a handle work on the handle only.
      return new Proxy(hold, { get: (target, name) => Reflect.get(name in changes ? changes : target, name) });
    };
    const hold: PayoutGuard['hold'] = async (options) => changed(await guard.hold(options));
    return {
      ...guard,
      internals: guard.internals,
      hold,
      resume: async (reference) => changed(await guard.resume(reference)),
      withHold: async ({ settles, returns, ...request }, fn) =>
        (await hold({ ...request, state: 'sent' })).pay(fn, { settles, returns }),
    };
  };
}
