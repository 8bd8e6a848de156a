// A store in the memory of this process.
import { randomUUID } from 'node:crypto';
import type { HoldStore, WalletTotals } from '../../core/store.js';

/** A store in the memory of this process: the default. It ends with the process and is not shared with others. */
export function memoryStore(): HoldStore {
  const nothingHeld: WalletTotals = { epoch: randomUUID(), active: 0n, captured: 0n };
  return {
    name: 'memory',
    totals: () => nothingHeld,
    close: async () => {},
  };
}
