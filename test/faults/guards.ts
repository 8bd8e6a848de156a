// The guards of one process, set up as an application would: one with both wallets, or one for each.
import { createPayoutGuard, type HoldStore, type PayoutGuard, type WalletSettings } from 'payout-guard';
import { inMajor } from './bank.js';
import type { BankClient } from './bank-client.js';
import { type Assignment, type FromPayer, lagMs, type Wallet, wallets } from './messages.js';

export interface Guards {
  readonly of: Readonly<Record<Wallet, PayoutGuard>>;
  /** Each of them once. */
  readonly all: readonly PayoutGuard[];
}

export function openGuards(
  { guards, floorMinor }: Pick<Assignment, 'guards' | 'floorMinor'>,
  store: HoldStore,
  bank: BankClient,
  send: (message: FromPayer) => void,
): Guards {
  const settings = (wallet: Wallet): WalletSettings => ({
    provider: bank.balanceOf(wallet),
    currency: 'KES',
    floor: inMajor(floorMinor),
    visibilityLagMs: wallet === 'late' ? lagMs : 0,
    returns: 'providerAnswer',
    lookup: bank.lookUp,
  });
  const open = (keys: readonly Wallet[]): PayoutGuard => {
    const guard = createPayoutGuard({
      wallets: Object.fromEntries(keys.map((key) => [key, settings(key)])),
      store,
      cache: { maxAgeMs: 2_000 },
      minRefreshMs: 100,
      reconcileEveryMs: 1_000,
      overdueAfterMs: 1_000,
      lookupsPerSecond: 200,
    });
    report(guard, send);
    return guard;
  };
  if (guards === 'one') {
    const guard = open(wallets);
    return { of: { prompt: guard, late: guard }, all: [guard] };
  }
  const of = { prompt: open(['prompt']), late: open(['late']) };
  return { of, all: [of.prompt, of.late] };
}

function report(guard: PayoutGuard, send: (message: FromPayer) => void): void {
  // Payouts that are kept open are overdue, and the bank has no record of those that a killed process did not send.
  guard.on('overdue', () => {});
  guard.on('neverSeen', () => {});
  guard.on('contradiction', ({ reference, wanted, found }) =>
    send({ kind: 'alert', alert: `${reference} should be ${wanted}, and the store has ${found}` }),
  );
  guard.on('paidAfterRelease', ({ hold: { reference }, perhapsTwice }) =>
    send({ kind: 'alert', alert: `${reference} was paid after its release${perhapsTwice ? ', perhaps twice' : ''}` }),
  );
  guard.on('leftOpen', ({ reference, pending }) =>
    send({ kind: 'problem', problem: `${reference} was left open: ${pending}` }),
  );
}
