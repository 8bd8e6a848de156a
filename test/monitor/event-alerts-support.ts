// Two processes with a monitor each.
import { type HoldStore, memoryStore } from 'payout-guard';
import type { Alert } from 'payout-guard/monitor';
import { type ScriptedWallet, scriptedWallet } from '../support/wallet.js';
import { quiet, type Setting, short, type Watch } from './support.js';
import { watch } from './watches.js';

export interface Two {
  readonly wallet: ScriptedWallet;
  readonly store: HoldStore;
  readonly one: Watch;
  readonly other: Watch;
  /** The alerts of both. */
  alerts(): Promise<Alert[]>;
  /** As {@link Two.alerts}, each in short. */
  raised(): Promise<string[]>;
}

/** Two processes with a monitor each, on one store. */
export function two(options: Setting['guard'] = {}, wallet: ScriptedWallet = scriptedWallet()): Two {
  const store = memoryStore({ clock: wallet.clock });
  const setting: Setting = { wallet, guard: { store, ...options } };
  const [one, other] = [watch({}, setting), watch({}, setting)];
  const alerts = async () => {
    await quiet();
    return [one, other].flatMap((process) => process.alerts);
  };
  return { wallet, store, one, other, alerts, raised: async () => (await alerts()).map(short) };
}

/** A store that may stop responding. */
export function failing(store: HoldStore): HoldStore & { isDown: boolean } {
  const state = { isDown: false };
  return new Proxy(state, {
    get: (_, name) => {
      if (name === 'isDown') return state.isDown;
      const value = store[name as keyof HoldStore];
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (state.isDown) throw new Error('down');
        return (value as (...all: unknown[]) => unknown).apply(store, args);
      };
    },
  }) as HoldStore & { isDown: boolean };
}
