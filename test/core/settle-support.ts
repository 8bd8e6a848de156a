// A guard whose store stops responding.
import { type HoldStore, memoryStore, type PayoutGuard } from 'payout-guard';
import { changed } from '../support/stores.js';
import type { ScriptedWallet } from '../support/wallet.js';

export interface Fragile {
  readonly guard: PayoutGuard;
  /** The store itself, which always responds. */
  readonly store: HoldStore;
  silence(silent?: boolean): void;
}

/** A guard whose store stops responding on request of the test. */
export function fragile(wallet: ScriptedWallet, options: Parameters<ScriptedWallet['guard']>[0] = {}): Fragile {
  const inner = memoryStore({ clock: wallet.clock });
  let isSilent = false;
  const answer = <T>(act: () => T): T => {
    if (isSilent) throw new Error('connection lost');
    return act();
  };
  const store = changed(inner, {
    settle: (request) => answer(() => inner.settle(request)),
    get: (reference) => answer(() => inner.get(reference)),
  });
  return {
    guard: wallet.guard({ store, ...options }),
    store: inner,
    silence: (silent = true) => {
      isSilent = silent;
    },
  };
}

export async function stateOf(store: HoldStore, reference = 'p-1'): Promise<string | undefined> {
  return (await store.get(reference)).hold?.state;
}
