// The end of a command that did not succeed: its exit code, and a sentence without secrets.
import { isPayoutGuardError, type PayoutGuardErrorCode } from '../core/errors.js';
import { isStoreFailure } from '../core/store-failure.js';
import { withoutConsequence } from '../operate/wallet-status.js';
import { NotRecordedError } from '../operate/write-entry.js';
import { CommandFailure, Interrupted, Refusal, UsageError } from './usage.js';

export const exitCodes = {
  done: 0,
  failed: 1,
  calledWrongly: 2,
  /** The command worked, and the answer is no. */
  no: 3,
  /** As shells count a program that SIGINT ended. */
  interrupted: 130,
} as const;

/** The errors of a guard that are an answer, and those of a call that can never work. All others are failures. */
const codes: Partial<Readonly<Record<PayoutGuardErrorCode, number>>> = {
  insufficient_funds: exitCodes.no,
  payout_in_progress: exitCodes.no,
  duplicate_reference: exitCodes.no,
  references_taken: exitCodes.no,
  hold_conflict: exitCodes.no,
  hold_state: exitCodes.no,
  foreign_wallet: exitCodes.no,
  wallet_frozen: exitCodes.no,
  invalid_amount: exitCodes.calledWrongly,
  invalid_reference: exitCodes.calledWrongly,
  invalid_argument: exitCodes.calledWrongly,
};

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.calledWrongly;
  if (error instanceof Refusal) return exitCodes.no;
  if (error instanceof Interrupted) return exitCodes.interrupted;
  return isPayoutGuardError(error) ? (codes[error.code] ?? exitCodes.failed) : exitCodes.failed;
}

/** Only our own errors are known to carry no secret: of others the code or the name is shown. */
export function errorText(error: unknown): string {
  const isOurs = [UsageError, CommandFailure, Refusal, Interrupted, NotRecordedError].some(
    (one) => error instanceof one,
  );
  if (isOurs || isStoreFailure(error)) return (error as Error).message;
  if (isPayoutGuardError(error)) {
    const text = withoutConsequence(error.message);
    return isStoreFailure(error.cause) ? `${text} ${error.cause.advice}` : text;
  }
  return `it failed with ${kindOfError(error)}`;
}

/**
 * The code or the name of an error of other code: in the form that programs choose, because any other may be a secret.
 */
export function kindOfError(error: unknown): string {
  const { name, code } = Object(error) as { name?: unknown; code?: unknown };
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,59}$|^[0-9A-Z]{5}$/.test(code)) return code;
  return typeof name === 'string' && /^[A-Z][A-Za-z]{0,59}$/.test(name) ? name : 'an error';
}
