// A batch of a scripted wallet, shared by the tests of batches.
import { type Hold, type HoldStore, memoryStore, type PayoutGuard } from 'payout-guard';
import type { BatchReport } from 'payout-guard/batch';
import { type ScriptedWallet, scriptedWallet } from '../support/wallet.js';

export interface Salary {
  readonly reference: string;
  readonly amount: string;
  readonly fee?: string;
  readonly fingerprint?: string;
  readonly to: string;
}

export const salaries = (count: number, amount = '100.00'): Salary[] =>
  Array.from({ length: count }, (_, index) => ({ reference: `s-${index}`, amount, to: `+2547000000${index}` }));

export const outcomes = ({ rows }: BatchReport): string[] =>
  rows.map(({ reference, outcome }) => `${reference} ${outcome}`);

export interface BatchOfTest {
  readonly wallet: ScriptedWallet;
  readonly store: HoldStore;
  readonly guard: PayoutGuard;
  /** A guard of another process on the same store. */
  open(): PayoutGuard;
  /** The payments that were made, each as `reference payee`. */
  readonly made: string[];
  pay(hold: Hold, salary: Salary): void;
}

/** A guard whose payments are over when they return. */
export function setUp(available = '1000.00'): BatchOfTest {
  const wallet = scriptedWallet(available);
  const store = memoryStore({ clock: wallet.clock });
  const open = (): PayoutGuard => wallet.guard({ store, settles: 'onReturn' });
  const made: string[] = [];
  const pay = (hold: Hold, { to }: Salary) => void made.push(`${hold.reference} ${to}`);
  return { wallet, store, open, guard: open(), made, pay };
}
