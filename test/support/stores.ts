import type { HoldStore } from 'payout-guard';

/** A store with some of its methods replaced. */
export function changed(store: HoldStore, changes: Partial<HoldStore>): HoldStore {
  return {
    name: store.name,
    totals: (wallet) => store.totals(wallet),
    hold: (request) => store.hold(request),
    settle: (request) => store.settle(request),
    get: (reference) => store.get(reference),
    list: (filter) => store.list(filter),
    claim: (request) => store.claim(request),
    freeze: (wallet, reason) => store.freeze(wallet, reason),
    note: (key) => store.note(key),
    swapNote: (key, expected, value) => store.swapNote(key, expected, value),
    close: () => store.close(),
    ...changes,
  };
}
