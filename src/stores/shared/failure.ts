// How a store says why it can not answer: in words of its own, with the code of the error behind it and nothing else of it.
import { BalanceUnavailableError, isPayoutGuardError, type PayoutGuardError } from '../../core/errors.js';
import { redactedCause } from '../../core/redact.js';

/** What an engine throws when it knows why its database failed. Holds no word of the database or of its client. */
export class EngineFailure extends Error {
  override readonly name = 'EngineFailure';

  /** @param why - What happened and what to do, as the end of a sentence. */
  constructor(why: string, error: unknown) {
    super(why, { cause: redactedCause(error) });
  }
}

export function unavailable(detail: string, cause?: unknown): BalanceUnavailableError {
  return new BalanceUnavailableError('store', { detail, cause });
}

/** The refusal of one caller: an error of its own, because errors remember the payments that they passed through. */
export function failed(error: unknown): PayoutGuardError {
  if (isPayoutGuardError(error)) return error;
  return error instanceof EngineFailure
    ? unavailable(error.message, error.cause)
    : unavailable('it failed', redactedCause(error));
}
