// What an error of a payment call proves. By shape, not by instanceof: errors of another realm, such as those that Node.js
// throws into code under jest, are none of ours.
import { isPayoutGuardError } from './errors.js';

/** `not_sent`: the payout certainly was not made. `unknown`: it may have been, so its money stays held. */
export type PayoutVerdict = 'not_sent' | 'unknown';

/**
 * Judges an error that a payment call threw. Nothing was sent if the call says so (`PayoutRejectedError`), if every
 * connection was refused, or if the name of the host could not be resolved. Everything else, a timeout and an HTTP 500
 * among it, is unknown.
 *
 * It takes the error to come from the first attempt to send. If your client repeats requests by itself, or your code talks
 * to something else after it has sent the payout, pass your own judgement.
 */
export function verdictOf(error: unknown): PayoutVerdict {
  for (const reason of causes(error)) {
    if (isPayoutGuardError(reason) && reason.code === 'payout_rejected') return 'not_sent';
    const { errors } = Object(reason) as Partial<AggregateError>;
    if (Array.isArray(errors)) return errors.length > 0 && errors.every(isNeverConnected) ? 'not_sent' : 'unknown';
    if (isNeverConnected(reason)) return 'not_sent';
  }
  return 'unknown';
}

function isNeverConnected(error: unknown): boolean {
  const { code, syscall } = Object(error) as NodeJS.ErrnoException;
  if (syscall === 'connect') return code === 'ECONNREFUSED';
  return syscall === 'getaddrinfo' && (code === 'ENOTFOUND' || code === 'EAI_AGAIN');
}

/** The error and what caused it; `fetch` wraps the interesting error once. */
function* causes(error: unknown): Generator<unknown> {
  let reason = error;
  for (let depth = 0; depth < 8 && reason !== undefined && reason !== null; depth++) {
    yield reason;
    reason = (Object(reason) as Partial<Error>).cause;
  }
}
