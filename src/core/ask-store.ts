// Asking a store: answers may be synchronous, and every failure has one name.
import { BalanceUnavailableError, isPayoutGuardError } from './errors.js';
import { redactedCause } from './redact.js';
import type { HoldReading, HoldStore, MaybePromise } from './store.js';

/** Asks a store. Anything it throws becomes a {@link BalanceUnavailableError} with reason `store`. */
export function askStore<T, Asked extends Partial<HoldStore> = HoldStore>(
  store: Asked,
  ask: (store: Asked) => MaybePromise<T>,
): MaybePromise<T> {
  try {
    const answer = ask(store);
    return isPromise(answer) ? answer.catch(rethrowAsStoreFailure) : answer;
  } catch (error) {
    return rethrowAsStoreFailure(error);
  }
}

/** The hold of a reference. @throws when the store has none, and may not have restored it yet. */
export async function readHold(store: HoldStore, reference: string): Promise<HoldReading> {
  const reading = await askStore(store, () => store.get(reference));
  const { hold, recoveringForMs = 0 } = reading;
  if (!hold && recoveringForMs > 0) throw storeIsRecovering(recoveringForMs);
  return reading;
}

export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as Promise<T> | undefined)?.then === 'function';
}

/** Continues with a value, in the same turn if it is there. */
export function andThen<T, R>(value: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return isPromise(value) ? value.then(next) : next(value);
}

export function storeIsRecovering(forMs: number): BalanceUnavailableError {
  return new BalanceUnavailableError('store', {
    detail: 'it is new or lost data, and gives every process time to restore its open holds',
    retryAfterMs: forMs,
  });
}

export function storeLostData(): BalanceUnavailableError {
  return new BalanceUnavailableError('store', { detail: 'it lost data while the balance was read' });
}

export function storeClockChanges(): BalanceUnavailableError {
  return new BalanceUnavailableError('store', { detail: 'its clock changes again and again' });
}

export function storeLostReservation(): BalanceUnavailableError {
  return new BalanceUnavailableError('store', {
    detail: 'it has lost the reservation of this payout',
    consequence: 'The payout was not sent; repeat the request.',
  });
}

/**
 * Returns true when a failure leaves open what happened, because the store did not respond. Any other answer is final.
 */
export function isSilence(error: unknown): boolean {
  return (
    isPayoutGuardError(error) &&
    error.code === 'balance_unavailable' &&
    (error as BalanceUnavailableError).reason === 'store'
  );
}

function rethrowAsStoreFailure(error: unknown): never {
  throw isPayoutGuardError(error) ? error : new BalanceUnavailableError('store', { cause: redactedCause(error) });
}
