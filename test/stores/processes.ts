// Processes of one payment service, each with an adapter, a guard and a store of its own, on one database.
import type { PayoutGuard } from 'payout-guard';
import type { StoreOfTest } from '../support/every-store.js';
import type { ScriptedWallet } from '../support/wallet.js';

export const payout = { amount: '400.00', reference: 'p-1' } as const;
export const inProgress = { code: 'payout_in_progress', status: 409, retryable: true } as const;
export const duplicate = { code: 'duplicate_reference', status: 409 } as const;

/** The outcomes of that payout from a wallet of 1000.00. */
export const sent = 'sent, held 400.00, spendable 600.00';
export const failed = 'released failed, held 0.00, spendable 1000.00';
export const notSent = 'released, held 0.00, spendable 1000.00';

type Options = Parameters<ScriptedWallet['guard']>[0];
/** Starts a process that pays from the wallet. */
export type Start = (wallet: ScriptedWallet, options?: Options) => PayoutGuard;

export function startProcess(open: StoreOfTest['open'], wallet: ScriptedWallet, options: Options = {}): PayoutGuard {
  const provider = { ...wallet.provider };
  return wallet.guard({ provider, store: open(wallet.clock), reconcileEveryMs: 0, ...options });
}

export async function closed(...guards: PayoutGuard[]): Promise<void> {
  for (const guard of guards) await guard.close({ waitMs: 0 });
}

/** State, whether the reference is used up, and the position of the wallet. */
export async function outcome(guard: PayoutGuard, reference = 'p-1'): Promise<string> {
  const hold = await guard.getHold(reference);
  const { held, spendable } = await guard.funds({ refresh: true });
  return `${hold?.state}${hold?.failed ? ' failed' : ''}, held ${held}, spendable ${spendable}`;
}
