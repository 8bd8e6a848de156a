// The actions of an operator on payouts and wallets, each recorded with a name and a reason.
import * as z from 'zod';
import { InvalidArgumentError, isPayoutGuardError } from '../core/errors.js';
import type { Reconciliation } from '../core/events.js';
import type { HoldInfo } from '../core/hold-info.js';
import type { AmountInput, PayoutGuard } from '../core/payout-guard.js';
import { warn } from '../core/warn.js';
import type { History, HistoryEntry } from '../history/index.js';
import { type ReconcileAllOptions, type ReconcileResult, reconcileAll } from './reconcile-all.js';
import { writeEntry } from './write-entry.js';

export type OperatorAction = 'capture' | 'release' | 'lookUp' | 'freeze' | 'unfreeze' | 'acceptLimits';

/** The meaning of each action for money, as an operator has to know it before confirming it. */
export const actionMeanings: Readonly<Record<OperatorAction, string>> = {
  capture: 'Counts the payout as made: its amount has left the wallet. Do it only if the provider shows it as made.',
  release:
    'Counts the payout as not made and frees its amount for others. Do it only if the provider shows that it was not ' +
    'made, and no process can still send it: otherwise it may be paid twice.',
  lookUp: 'Asks the provider for the outcome now, and settles the payout if the outcome is final. Frees nothing else.',
  freeze: 'Stops new payouts from the wallet in every process. Payouts that were sent continue to their outcome.',
  unfreeze: 'Lets payouts from the wallet continue in every process.',
  acceptLimits:
    'Daily limits that refuse because the store lost data continue from the holds that it has. Compare what the ' +
    'provider paid today first: payouts that the store lost are not counted, and as much more may leave.',
};

export interface OperatorOptions {
  /** The person who acts, as the application authenticated them: 1 to 100 printable characters. */
  readonly name: string;
  /**
   * Has an entry of kind `operator` before each action, and another one when the action fails. An action whose entry
   * cannot be written is not done.
   * @defaultValue nothing is recorded
   */
  readonly history?: History | undefined;
}

export interface PayoutAction {
  readonly reference: string;
  /** 1 to 200 printable characters. */
  readonly reason: string;
  /** Only the hold of this attempt, as the operator saw it. */
  readonly attempt?: string | undefined;
}

export interface WalletAction {
  readonly wallet: string;
  /** 1 to 200 printable characters. */
  readonly reason: string;
}

/**
 * One person who acts. Every method rejects as the call of the guard that it makes, and with {@link NotRecordedError}.
 */
export interface Operator {
  readonly name: string;
  /** @param action.amount - The real debit, if it is not the held amount. */
  capture(action: PayoutAction & { readonly amount?: AmountInput | undefined }): Promise<HoldInfo>;
  release(action: PayoutAction): Promise<HoldInfo>;
  lookUp(action: Pick<PayoutAction, 'reference'> & { readonly reason?: string | undefined }): Promise<Reconciliation>;
  /** Looks up every payout that is overdue, or was sent so long ago. */
  lookUpAll(options: ReconcileAllOptions): Promise<ReconcileResult>;
  freeze(action: WalletAction): Promise<void>;
  unfreeze(action: WalletAction): Promise<void>;
  acceptLimits(action: WalletAction): Promise<void>;
}

const printable = (longest: number) => z.string().regex(new RegExp(`^[^\\p{C}]{1,${longest}}$`, 'u'));
const names = printable(100);
const reasons = printable(200);

/** @throws `InvalidArgumentError` the name is not one. */
export function operatorOf(guard: PayoutGuard, { name, history }: OperatorOptions): Operator {
  if (!names.safeParse(name).success || name.trim() === '')
    throw new InvalidArgumentError('name', 'must be 1 to 100 printable characters');

  const note = async (about: Omit<HistoryEntry, 'kind' | 'at'>) => {
    const at = new Date(guard.internals.clock.now());
    if (history) await writeEntry(history, { kind: 'operator', at, ...about });
  };
  const recorded = async <T>(action: OperatorAction, about: About, act: () => Promise<T>): Promise<T> => {
    const { wallet, reference, amount, reason } = about;
    if (reason?.trim() === '') throw new InvalidArgumentError('reason', 'must not be blank');
    if (reason !== undefined && !reasons.safeParse(reason).success) {
      throw new InvalidArgumentError('reason', 'must be 1 to 200 printable characters');
    }
    // The amount as it was typed, which may be none: a database takes only amounts in the column of that name.
    const data = {
      action,
      operator: name,
      ...(reason !== undefined && { reason }),
      ...(amount !== undefined && { debit: amount.slice(0, 64) }),
    };
    // Before it acts: an action without its entry could not be explained afterwards.
    await note({ wallet, reference, data });
    try {
      return await act();
    } catch (error) {
      await note({ wallet, reference, data: { ...data, failed: codeOf(error) } }).catch((missing) =>
        warn('PAYOUT_GUARD_HISTORY', `The history has an action (${action}) as done that failed.`, missing),
      );
      throw error;
    }
  };

  return {
    name,
    capture: ({ reference, reason, attempt, amount }) =>
      recorded('capture', { reference, reason, amount: amount?.toString() }, () =>
        guard.capture(reference, amount, { attempt }),
      ),
    release: ({ reference, reason, attempt }) =>
      recorded('release', { reference, reason }, () => guard.release(reference, { attempt, reason })),
    lookUp: ({ reference, reason }) => recorded('lookUp', { reference, reason }, () => guard.reconcile({ reference })),
    lookUpAll: (options) => recorded('lookUp', { reason: undefined }, () => reconcileAll(guard, options)),
    freeze: ({ wallet, reason }) => recorded('freeze', { wallet, reason }, () => guard.freeze(wallet, reason)),
    unfreeze: ({ wallet, reason }) => recorded('unfreeze', { wallet, reason }, () => guard.unfreeze(wallet)),
    acceptLimits: ({ wallet, reason }) =>
      recorded('acceptLimits', { wallet, reason }, () => guard.acceptLimits(wallet)),
  };
}

interface About {
  readonly wallet?: string | undefined;
  readonly reference?: string | undefined;
  readonly amount?: string | undefined;
  readonly reason: string | undefined;
}

function codeOf(error: unknown): string {
  if ((error as Partial<Error> | null)?.name === 'AbortError') return 'interrupted';
  return isPayoutGuardError(error) ? error.code : 'unexpected';
}
