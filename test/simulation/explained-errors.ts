// The errors that the history explains.
import {
  type BalanceUnavailableError,
  InsufficientFundsError,
  isPayoutGuardError,
  type LimitExceededError,
  type LimitsUnknownError,
  type PayoutGuardError,
  type PayoutGuardErrorCode,
} from 'payout-guard';
import type { Kind } from './event-log.js';
import type { Process } from './process.js';
import { isReliable } from './settings.js';
import { ExpectedError } from './violation.js';
import type { World } from './world.js';

/**
 * Errors that payouts meet routinely. `configuration` is for requests with an unknown wallet, and for impostors.
 */
const explainedCodes: ReadonlySet<string> = new Set<PayoutGuardErrorCode>([
  'insufficient_funds',
  'payout_in_progress',
  'duplicate_reference',
  'references_taken',
  'hold_conflict',
  'hold_state',
  'payout_rejected',
  'wallet_frozen',
  'foreign_wallet',
]);

/** Thrown by calls that an application gets wrong on purpose. */
const misuseCodes: ReadonlySet<string> = new Set<PayoutGuardErrorCode>(['invalid_amount', 'invalid_argument']);

/** True if something in the history explains the error. */
export function isExplained(world: World, process: Process, error: unknown): boolean {
  if (error instanceof ExpectedError) return true;
  if (!isPayoutGuardError(error)) return false;
  if (error.code === 'balance_unavailable') return isOutage(world, process, error as BalanceUnavailableError);
  if (error.code === 'limit_exceeded') return world.limits?.explains(error as LimitExceededError) ?? false;
  if (error.code === 'limits_unknown') return world.limits?.explainsUnknown(error as LimitsUnknownError) ?? false;
  if (error.code === 'configuration')
    return process.role.impostor !== undefined || /unknown wallet/.test(error.message);
  return explainedCodes.has(error.code) || (misuseCodes.has(error.code) && world.settings.codeFaults > 0);
}

function isOutage(world: World, process: Process, { reason }: BalanceUnavailableError): boolean {
  const { settings } = world;
  if (!process.isOpen || process.role.impostor || !isReliable(settings)) return true;
  // These need no lost message: a figure may be too old, a mark stale, and an answer slower than the deadline.
  if (reason === 'stale') return true;
  // A crowd makes the store forget expired reservations. A missing one may have been lost as well.
  if (reason === 'store') {
    return world.hasLostMemory || settings.crowd > 0 || world.log.coverage.has('short-lived sum of a payroll');
  }
  return reason === 'timeout' && slowestReadingMs(world) > settings.fetchTimeoutMs;
}

/** The mark, up to four messages about the identity of the wallet, and the balance, each of them in both directions. */
function slowestReadingMs({ settings: { slowestStoreMs, slowestProviderMs } }: World): number {
  return 10 * slowestStoreMs + 2 * slowestProviderMs;
}

/** The kind of event that an error counts as. */
export function kindOfError(error: unknown): Kind | undefined {
  if (!isPayoutGuardError(error)) return undefined;
  if (error instanceof InsufficientFundsError) return error.temporary ? 'refused for now' : 'refused';
  if (error.code === 'balance_unavailable') {
    return (error as BalanceUnavailableError).reason === 'stale' ? 'balance too old' : 'unavailable';
  }
  if (error.code === 'limit_exceeded') {
    return (error as LimitExceededError).temporary ? 'limit reached' : 'above a limit alone';
  }
  return kinds[error.code];
}

const kinds: Partial<Record<PayoutGuardError['code'], Kind>> = {
  duplicate_reference: 'taken reference refused',
  references_taken: 'payroll refused',
  payout_in_progress: 'payout in progress',
  hold_conflict: 'conflict refused',
  foreign_wallet: 'foreign wallet refused',
  wallet_frozen: 'frozen wallet refused',
  limits_unknown: 'limits unknown',
  invalid_amount: 'misuse refused',
  invalid_argument: 'misuse refused',
};
