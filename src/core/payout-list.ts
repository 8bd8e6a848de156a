// Reads the payouts of a list: of a payroll, a batch or a plan.
import { assertOptions } from './call-options.js';
import type { PayoutToHold } from './calls.js';
import { digestOf } from './digest.js';
import { InvalidArgumentError, isPayoutGuardError } from './errors.js';
import { isThenable } from './functions.js';
import { assertReferenceForm, noMetadata, readRequest } from './hold-request.js';
import { addMinorUnits, amountWithFee, parseAmount, parseNonNegative } from './money.js';
import type { BatchPayout } from './store.js';
import type { Wallet } from './wallet.js';

/** A payout of a list, checked. */
export interface ListedPayout extends Omit<BatchPayout, 'limits'> {
  /** Part of `amountMinor`. */
  readonly feeMinor: bigint;
  /** The payout as it was given, without what the application added to it. */
  readonly given: PayoutToHold;
}

/** The form of a list. */
export interface ListForm {
  /** The purpose of the list, for errors: `held`. */
  readonly action: string;
  /** Accepts payouts of the application, which have properties of their own, such as the account of the payee. */
  readonly mayHaveMore: boolean;
}

/** @throws `InvalidArgumentError` for no list, and for an empty one: its caller has most likely found no rows. */
export function assertList(given: unknown): void {
  if (!Array.isArray(given) || given.length === 0) {
    throw new InvalidArgumentError('payouts', 'must be a list of at least one payout');
  }
}

/**
 * @throws `InvalidArgumentError` naming the place of a payout that is none, or that the provider of the wallet does not
 *   take.
 */
export function readListed(
  given: unknown,
  index: number,
  wallet: Wallet,
  { action, mayHaveMore }: ListForm,
): ListedPayout {
  return placed(index, action, () => {
    if (typeof given !== 'object' || given === null || isThenable(given)) {
      throw new InvalidArgumentError('payout', 'must be an object that describes it');
    }
    if (mayHaveMore) assertOfWallet(given, wallet);
    else assertOptions('payout', given);
    return readPayout(given as PayoutToHold, wallet);
  });
}

/** The money of a payout that names another wallet or currency must not come from this one. */
function assertOfWallet({ wallet, currency }: { wallet?: unknown; currency?: unknown }, of: Wallet): void {
  if (wallet !== undefined && wallet !== of.key) {
    throw new InvalidArgumentError('wallet', `must be ${JSON.stringify(of.key)}, which pays this list`);
  }
  if (currency !== undefined && currency !== of.currency.code) {
    throw new InvalidArgumentError('currency', `must be ${of.currency.code}, the currency of the wallet`);
  }
}

/** Names the payout in the list that an error is about. */
export function placed<T>(index: number, action: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isPayoutGuardError(error) || !error.code.startsWith('invalid_')) throw error;
    const reason = error.message.replace(/\.$/, '');
    throw new InvalidArgumentError(`payouts[${index}]`, `cannot be ${action}: ${reason}`, { cause: error });
  }
}

function readPayout({ amount, reference, fee, fingerprint, metadata }: PayoutToHold, wallet: Wallet): ListedPayout {
  const given = readRequest({ amount, reference, fee, fingerprint, metadata });
  const feeMinor = fee === undefined ? 0n : parseNonNegative(fee, wallet.currency);
  const amountMinor = addMinorUnits(parseAmount(amount, wallet.currency), feeMinor, amountWithFee);
  assertReferenceForm(wallet, given);
  return {
    given,
    reference: given.reference,
    amountMinor,
    feeMinor,
    fingerprint: fingerprint === undefined ? undefined : digestOf(fingerprint),
    metadata: given.metadata ?? noMetadata,
  };
}
