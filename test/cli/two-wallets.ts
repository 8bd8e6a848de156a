// A guard of two wallets, as a module of the user, and three payouts.
import { createPayoutGuard, memoryStore, type PayoutGuard } from 'payout-guard';
import { type History, memoryHistory, recordHistory } from 'payout-guard/history';
import type { CliContext } from '../../src/cli/usage.js';
import { type ScriptedWallet, scriptedWallet, stoppedClock, type TestClock } from '../support/wallet.js';
import { closedBy, moduleOf, type Outcome, run, shared } from './support.js';

export interface TwoWallets {
  readonly clock: TestClock;
  readonly kes: ScriptedWallet;
  readonly ugx: ScriptedWallet;
  /** The guard of a service. */
  readonly guard: PayoutGuard;
  readonly history: History;
  /** The name of the module. Each command makes a guard of its own on the same store. */
  readonly name: string;
  /** Runs a command with the module. */
  command(...args: string[]): Promise<Outcome>;
  commandIn(context: Partial<CliContext>, ...args: string[]): Promise<Outcome>;
}

/** A guard of two wallets whose currencies have different decimals, at a time that stands still. */
export async function open(): Promise<TwoWallets> {
  const clock = stoppedClock();
  const kes = scriptedWallet('1234567.50');
  const ugx = scriptedWallet('80000');
  ugx.balance = { available: '80000', currency: 'UGX' };
  const store = shared(memoryStore({ clock }));
  const history = closedBy(memoryHistory());
  const make = () => {
    const wallets = {
      'jpay-kes': { provider: kes.provider, currency: 'KES', floor: '500.00' },
      'isw-ugx': { provider: ugx.provider, currency: 'UGX' },
    };
    const guard = createPayoutGuard({ wallets, store, clock });
    recordHistory(guard, history);
    return guard;
  };
  const guard = make();
  const name = await moduleOf({ default: () => ({ guard: make(), history, store }) });
  const commandIn = (context: Partial<CliContext>, ...args: string[]) => run([...args, '--guard', name], context);
  const command = (...args: string[]) => commandIn({}, ...args);
  return { clock, kes, ugx, guard, history, name, command, commandIn };
}

/** Three payouts of an hour: two sent, one captured for less than was held. */
export async function withHolds(): Promise<TwoWallets> {
  const opened = await open();
  const { guard, clock } = opened;
  await guard.hold({ wallet: 'jpay-kes', amount: '1500.00', fee: '25.00', reference: 'k-1', state: 'sent' });
  await guard.hold({ wallet: 'isw-ugx', amount: '20000', reference: 'u-1', state: 'sent', metadata: { order: 'A17' } });
  clock.advance(3_600_000);
  await guard.hold({ wallet: 'jpay-kes', amount: '99.00', reference: 'k-2', state: 'sent' });
  await guard.capture('k-1', '1520.50');
  return opened;
}
