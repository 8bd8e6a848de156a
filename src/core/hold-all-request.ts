// The arguments of `holdAll`, checked: a payroll.
import { assertOptions } from './call-options.js';
import type { HoldAllOptions, PayoutToHold } from './calls.js';
import { assertPays } from './decider.js';
import { InvalidArgumentError } from './errors.js';
import { assertDistinct } from './hold-batch.js';
import { assertExpiresInMs } from './hold-request.js';
import { addMinorUnits } from './money.js';
import type { GuardLimits, PayoutLimits } from './payout-limits.js';
import { assertList, type ListedPayout, type ListForm, placed, readListed } from './payout-list.js';
import type { Wallet } from './wallet.js';

/** Most payouts of one call. */
export const longestPayroll = 50_000;

/** One payout of a payroll. */
export interface PayrollPayout extends ListedPayout {
  /** Its daily limits; undefined if the wallet has none. */
  readonly limits: PayoutLimits | undefined;
}

/** A list of payouts of one wallet, in the order in which they are held. */
export interface Payroll {
  readonly wallet: Wallet;
  readonly payouts: readonly PayrollPayout[];
  /** Their sum, fees included, in minor units. */
  readonly totalMinor: bigint;
}

/** @throws `InvalidArgumentError` for options that cannot be. */
export function assertHoldAllOptions(payouts: readonly PayoutToHold[], options: HoldAllOptions): void {
  if (!Array.isArray(payouts) || payouts.length === 0 || payouts.length > longestPayroll) {
    throw new InvalidArgumentError('payouts', 'must be a list of 1 to 50,000 payouts');
  }
  if (typeof options !== 'object' || options === null) {
    throw new InvalidArgumentError('options', "must have a policy: { policy: 'all' } or { policy: 'fit' }");
  }
  assertOptions('holdAll', options);
  const { policy, order } = options;
  if (policy !== 'all' && policy !== 'fit') throw new InvalidArgumentError('policy', "must be 'all' or 'fit'");
  assertExpiresInMs(options.expiresInMs);
  if (order === undefined) return;
  if (order !== 'given' && order !== 'smallestFirst') {
    throw new InvalidArgumentError('order', "must be 'given' or 'smallestFirst'");
  }
  // With `all` an order decides nothing, so a caller who gives one expects something else.
  if (policy === 'all') throw new InvalidArgumentError('order', "is only possible with policy 'fit'");
}

/**
 * @throws `InvalidArgumentError` for a payout that cannot be held, with its place in the list, and for a reference that
 *   occurs twice. `CurrencyMismatchError` `ConfigurationError` as `hold` throws them.
 */
export function readPayroll(
  given: readonly PayoutToHold[],
  options: HoldAllOptions,
  wallet: Wallet,
  limits: GuardLimits,
): Payroll {
  assertPays(wallet, options.currency);
  const payouts = readEach(given, { action: 'held', mayHaveMore: false }, wallet, limits);
  const totalMinor = payouts.reduce(
    (sum, { amountMinor }) => addMinorUnits(sum, amountMinor, 'the sum of the payouts'),
    0n,
  );
  if (options.order === 'smallestFirst') payouts.sort(byAmount);
  return { wallet, payouts, totalMinor };
}

/** Reads payouts of the application, which have properties of their own. @throws as {@link readPayroll} does. */
export function readPayouts(given: readonly PayoutToHold[], wallet: Wallet, limits: GuardLimits): PayrollPayout[] {
  assertList(given);
  assertPays(wallet, undefined);
  return readEach(given, { action: 'held', mayHaveMore: true }, wallet, limits);
}

function readEach(
  given: readonly PayoutToHold[],
  form: ListForm,
  wallet: Wallet,
  limits: GuardLimits,
): PayrollPayout[] {
  const payouts: PayrollPayout[] = [];
  // By index: a list may have holes.
  for (let index = 0; index < given.length; index++) {
    const listed = readListed(given[index], index, wallet, form);
    const requirement = { wallet, requiredMinor: listed.amountMinor };
    const ofPayout = placed(index, form.action, () => limits.of(requirement, listed.given));
    payouts.push({ ...listed, limits: ofPayout });
  }
  assertDistinct(payouts);
  return payouts;
}

function byAmount(one: PayrollPayout, other: PayrollPayout): number {
  return one.amountMinor < other.amountMinor ? -1 : one.amountMinor > other.amountMinor ? 1 : 0;
}
