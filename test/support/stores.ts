import type { HoldRequest, HoldStore } from 'payout-guard';
import { type Deferred, deferred } from './wallet.js';

/** A store with some of its methods replaced. */
export function changed(store: HoldStore, changes: Partial<HoldStore>): HoldStore {
  return {
    name: store.name,
    limits: store.limits,
    maxPayouts: store.maxPayouts,
    totals: (wallet) => store.totals(wallet),
    hold: (request) => store.hold(request),
    holdAll: (request) => store.holdAll(request),
    settle: (request) => store.settle(request),
    get: (reference) => store.get(reference),
    list: (filter) => store.list(filter),
    claim: (request) => store.claim(request),
    freeze: (wallet, reason) => store.freeze(wallet, reason),
    acceptLimits: (wallet) => store.acceptLimits?.(wallet),
    note: (key) => store.note(key),
    swapNote: (key, expected, value) => store.swapNote(key, expected, value),
    close: () => store.close(),
    ...changes,
  };
}

/** A store with counted calls. `idle` resolves when no call is under way and none follows. */
export function watched(store: HoldStore): { store: HoldStore; idle: () => Promise<void> } {
  let underWay = 0;
  const counted = new Proxy(store, {
    get: (_, name) => {
      const member = Reflect.get(store, name);
      if (typeof member !== 'function') return member;
      return (...given: unknown[]) => {
        const answer = Reflect.apply(member, store, given);
        if (!(answer instanceof Promise)) return answer;
        underWay += 1;
        return answer.finally(() => {
          underWay -= 1;
        });
      };
    },
  });
  const idle = async (): Promise<void> => {
    for (let turns = 0; turns < 20; turns = underWay === 0 ? turns + 1 : 0) await new Promise(setImmediate);
  };
  return { store: counted, idle };
}

/** A store that records `sent`, and answers so only after `gate` is resolved. */
export function sentLate(store: HoldStore, gate: Deferred<void>): HoldStore {
  return changed(store, {
    settle: async (request) => {
      const outcome = await store.settle(request);
      if (request.to === 'sent') await gate.promise;
      return outcome;
    },
  });
}

/** A store that settles nothing, and throws, while it is silenced. */
export function silenced(
  store: HoldStore,
  failure: () => Error = () => new Error('connection terminated'),
): { store: HoldStore; silence: (isSilent: boolean) => void } {
  let isSilent = false;
  const settle: HoldStore['settle'] = (request) => {
    if (isSilent) throw failure();
    return store.settle(request);
  };
  const silence = (silent: boolean) => {
    isSilent = silent;
  };
  return { store: changed(store, { settle }), silence };
}

/** A store that takes holds, resolves `held` after the one that `isLast`, and answers only after `goOn` is resolved. */
export function heldLate(
  store: HoldStore,
  isLast: (request: HoldRequest) => boolean = () => true,
): { store: HoldStore; held: Deferred<void>; goOn: Deferred<void> } {
  const held = deferred<void>();
  const goOn = deferred<void>();
  const hold: HoldStore['hold'] = async (request) => {
    const answer = await store.hold(request);
    if (isLast(request)) held.resolve();
    await goOn.promise;
    return answer;
  };
  return { store: changed(store, { hold }), held, goOn };
}
