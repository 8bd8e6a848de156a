// A proof inside an error: nothing was sent for the payout with one reference. Only code that itself makes what is sent
// can give it, such as the part of an adapter that signs payments.
import { isPayoutGuardError, type PayoutGuardError } from './errors.js';

// By key, because the error may come from another copy of this package.
const notSent = Symbol.for('payout-guard.not-sent');

/** Asked when the payment function has ended with the error; true as long as nothing was sent under the reference. */
type NotSentProof = (reference: string) => boolean;

/** Puts a proof into an error and returns the error. It counts once: for the innermost payment with its reference. */
export function proveNotSent(error: PayoutGuardError, proof: NotSentProof): PayoutGuardError {
  let isClaimed = false;
  const claim: NotSentProof = (reference) => {
    if (isClaimed || !proof(reference)) return false;
    isClaimed = true;
    return true;
  };
  return Object.defineProperty(error, notSent, { value: claim });
}

/** Returns true if the error proves that nothing was sent under the reference, and claims the proof. */
export function claimNotSent(error: unknown, reference: string): boolean {
  return isPayoutGuardError(error) && (error as { [notSent]?: NotSentProof })[notSent]?.(reference) === true;
}
