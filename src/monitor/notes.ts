// The notes of a store that the monitors of one name share.
import { askStore } from '../core/ask-store.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import type { MaybePromise } from '../core/store.js';

/** The notes of a store: rule 20 of `HoldStore`. */
export interface Notes {
  note(key: string): MaybePromise<string | undefined>;
  swapNote(key: string, expected: string | undefined, value: string | undefined): MaybePromise<boolean>;
}

/** Returns those of a guard's store whose keys begin with the name of the monitor. */
export function notesOf({ internals: { store } }: PayoutGuard, name: string): Notes {
  return {
    note: (key) => askStore(store, () => store.note(`${name}/${key}`)),
    swapNote: (key, expected, value) => askStore(store, () => store.swapNote(`${name}/${key}`, expected, value)),
  };
}
