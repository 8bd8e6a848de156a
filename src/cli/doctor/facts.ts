// Everything that the checks look at, asked once.
import type { Funds } from '../../core/calls.js';
import type { HoldInfo } from '../../core/hold-info.js';
import type { WalletInfo } from '../../core/internals.js';
import type { PayoutGuard } from '../../core/payout-guard.js';
import type { HoldStore } from '../../core/store.js';
import type { Concern } from '../../stores/shared/engine.js';
import type { Readiness } from '../../stores/shared/readiness.js';
import { type Session, walletsOf } from '../session.js';
import type { CliContext, ProcessWarning } from '../usage.js';
import { listenForDates } from './provider-date.js';
import { type Versions, versionsOf } from './versions.js';

export interface WalletFacts {
  readonly info: WalletInfo;
  /** Absent when it could not be read, and for a wallet that is only settled. */
  readonly funds?: Funds;
  readonly error?: unknown;
  /** Lead of the provider's clock over that of the guard, in milliseconds, if an answer had its date. */
  readonly aheadMs?: number;
}

export interface StoreFacts {
  readonly name: string;
  readonly readiness?: Readiness;
  readonly error?: unknown;
  readonly concerns: readonly Concern[];
  /** Sent payouts without an outcome, past the time of the guard; the first page of them. */
  readonly overdue: readonly HoldInfo[];
}

export interface Facts {
  readonly wallets: readonly WalletFacts[];
  readonly store: StoreFacts;
  readonly observes: boolean;
  readonly hasHistory: boolean;
  readonly overdueAfterMs: number;
  readonly nowMs: number;
  readonly env: CliContext['env'];
  readonly warnings: readonly ProcessWarning[];
  readonly versions: Versions;
}

export async function gather(session: Session, warnings: readonly ProcessWarning[]): Promise<Facts> {
  const { guard, history, path, call } = session;
  const wallets: WalletFacts[] = [];
  // One after the other: the date of an answer belongs to the wallet that is read.
  for (const info of await walletsOf(session)) wallets.push(await walletFacts(guard, info));
  const { observes, overdueAfterMs, clock } = guard.internals;
  return {
    wallets,
    store: await storeFacts(session),
    observes,
    hasHistory: history !== undefined,
    overdueAfterMs,
    nowMs: clock.now(),
    env: call.context.env,
    warnings,
    versions: await versionsOf(path),
  };
}

async function walletFacts(guard: PayoutGuard, info: WalletInfo): Promise<WalletFacts> {
  if (info.isSettledOnly) return { info };
  const dates = listenForDates(guard.internals.clock);
  try {
    const funds = await guard.funds({ wallet: info.key, refresh: true });
    return { info, funds, ...dates.latest() };
  } catch (error) {
    return { info, error, ...dates.latest() };
  } finally {
    dates.stop();
  }
}

/** The part of our own stores that not every store has. */
interface OwnStore {
  readonly ready?: () => Promise<Readiness>;
  readonly concerns?: () => Promise<readonly Concern[]>;
}

async function storeFacts({ store, guard }: Session): Promise<StoreFacts> {
  const { name } = store;
  const own = store as HoldStore & OwnStore;
  let concerns: readonly Concern[] = [];
  try {
    const readiness = await own.ready?.();
    concerns = (await own.concerns?.()) ?? [];
    await writeNote(store);
    const { overdueAfterMs } = guard.internals;
    const { holds } = await guard.listHolds({ state: 'sent', olderThanMs: overdueAfterMs, limit: 1_000 });
    return { name, ...(readiness && { readiness }), concerns, overdue: holds };
  } catch (error) {
    return { name, error, concerns, overdue: [] };
  }
}

/** A note that is deleted again: the only way to know that the store can be written to. */
async function writeNote(store: HoldStore): Promise<void> {
  const key = 'payout-guard doctor';
  await store.swapNote(key, undefined, 'written');
  await store.swapNote(key, 'written', undefined);
}
