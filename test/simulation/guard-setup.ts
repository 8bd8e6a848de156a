// The guard of a process, set up as an application would.
import type {
  BalanceProvider,
  Clock,
  GuardOptions,
  HoldStore,
  PayoutGuardOptions,
  SettleOnlySettings,
  WalletSettings,
} from 'payout-guard';
import { NeverSentError } from './call-errors.js';
import type { Process } from './process.js';
import { text, type World } from './world.js';

export function guardOptions(world: World, process: Process, store: HoldStore): PayoutGuardOptions {
  const { settings, mutant } = world;
  const shared: GuardOptions = {
    store,
    clock: clockOf(world, process),
    // A larger cache would cost more time than the rest of the history.
    cache: { maxAgeMs: settings.maxAgeMs, maxWallets: 4 },
    minRefreshMs: settings.minRefreshMs,
    fetchTimeoutMs: settings.fetchTimeoutMs,
    holdExpiresInMs: settings.holdExpiresInMs,
    payWithinMs: settings.payWithinMs,
    overdueAfterMs: settings.overdueAfterMs,
    // An impostor does nothing until the store has the account of the wallet.
    reconcileEveryMs: process.role.impostor ? 0 : settings.reconcileEveryMs,
    lookupsPerSecond: settings.lookupsPerSecond,
  };
  const options = { ...shared, ...walletsOf(world, process) } as PayoutGuardOptions;
  return mutant?.options?.(options, world, process) ?? options;
}

/** The clock of a process. Its timers end with it. */
function clockOf({ scheduler, settings }: World, process: Process): Clock {
  return {
    now: () => scheduler.now() + process.clockErrorMs,
    elapsed: () => scheduler.elapsedMs,
    after: (delayMs, run) =>
      // Recurring timers must not keep a history from ending.
      delayMs > 0 && delayMs === settings.reconcileEveryMs
        ? process.inBackground(delayMs, run)
        : process.after(delayMs, run),
  };
}

type Wallets = Pick<PayoutGuardOptions, 'wallets'> & Partial<WalletSettings>;

function walletsOf(world: World, process: Process): Wallets {
  const { role } = process;
  const wallets = Object.fromEntries(role.wallets.map((key) => named(world, process, key)));
  switch (world.settings.form) {
    case 'short': {
      const [settings] = Object.values(wallets);
      if (role.does === 'settle' || !settings || role.impostor === 'key') return { wallets };
      return settings;
    }
    case 'record':
      return { wallets };
    case 'function':
      return { wallets: (key) => wallets[key] };
    default:
      return world.settings.form satisfies never;
  }
}

function named(world: World, process: Process, key: string): [string, WalletSettings & SettleOnlySettings] {
  const { role } = process;
  const settings = role.does === 'pay' ? walletSettings(world, process, key) : settleOnly(world, process, key);
  return [role.impostor === 'key' ? impostorKey(key) : key, settings as WalletSettings & SettleOnlySettings];
}

/** Returns another key for the balance of this key. */
export function impostorKey(key: string): string {
  return `${key}-too`;
}

function walletSettings(world: World, process: Process, key: string): WalletSettings {
  const { mutant } = world;
  const provider = world.providerOf(key);
  const { plan } = provider;
  const settings: WalletSettings = {
    provider: disguised(provider.adapter(process), process),
    currency: plan.currency,
    floor: text(plan.floorMinor, plan),
    alwaysRefreshAbove:
      plan.alwaysRefreshAboveMinor === undefined ? undefined : text(plan.alwaysRefreshAboveMinor, plan),
    visibilityLagMs: plan.lagIsOf === 'application' ? plan.lagMs : undefined,
    settles: plan.settlesOnReturn ? 'onReturn' : undefined,
    returns: plan.returnsProviderAnswer ? 'providerAnswer' : undefined,
    absentIsFailedAfterMs: plan.absentIsFailed ? 3_600_000 : undefined,
    verdictOf: plan.judgesErrors ? provesNotSent : undefined,
    limits: world.limits?.settingsOf(key),
  };
  return mutant?.wallet?.(settings, world, process) ?? settings;
}

/** The verdict of an application on an error of its client library that proves that nothing was sent. */
function provesNotSent(error: unknown, { reference }: { readonly reference: string }): 'not_sent' | 'unknown' {
  return error instanceof NeverSentError && error.reference === reference ? 'not_sent' : 'unknown';
}

function settleOnly(world: World, process: Process, key: string): SettleOnlySettings {
  const provider = world.providerOf(key);
  const { lookup } = provider.adapter(process);
  const { currency, lagMs } = provider.plan;
  return { settleOnly: true, providerName: provider.name, currency, lookup, visibilityLagMs: lagMs };
}

function disguised(provider: BalanceProvider, { role }: Process): BalanceProvider {
  return role.impostor === 'account' ? { ...provider, accountId: 'another account' } : provider;
}
