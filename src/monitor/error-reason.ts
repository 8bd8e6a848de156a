// The parts of an error that may be logged and alerted: its code and its reason.
import { asPayoutGuardError, type BalanceUnavailableError, type PayoutGuardError } from '../core/errors.js';

/** Returns the reason of a `BalanceUnavailableError`, otherwise the code of the error; empty without an error. */
export function reasonOf(error: PayoutGuardError | undefined): string {
  return (error as Partial<BalanceUnavailableError> | undefined)?.reason ?? error?.code ?? '';
}

export function isClosed(error: PayoutGuardError | undefined): boolean {
  return reasonOf(error) === 'closed';
}

/** The fields of a log line about an error. */
export function errorFields(error: unknown): { code: string; reason: string } {
  const known = asPayoutGuardError(error);
  return { code: known.code, reason: reasonOf(known) };
}
