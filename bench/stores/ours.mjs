// A store of this library as a contender, with the calls that the guard makes for each payout.
import { randomUUID } from 'node:crypto';
import { amountMinor, currency, limitMinor, metadata } from './payout.mjs';

/**
 * A long deadline, so that a stalled machine refuses no hold: the other contenders have no deadline. A short recovery
 * window, because every new epoch of a measurement waits for its end.
 */
export const patient = { deadlineMs: 10_000, recoveryMs: 3_000 };
/** Until the store grants holds again in a new epoch. */
export const epochMs = patient.recoveryMs + 100;

export async function holder(store, limit = limitMinor) {
  const { epoch } = await store.totals('main');
  const hold = async (wallet, reference) => {
    const { outcome } = await store.hold({
      wallet,
      reference,
      attempt: randomUUID(),
      amountMinor,
      currency,
      state: 'sent',
      expiresInMs: 900_000,
      sendsForMs: 180_000,
      epoch,
      limitMinor: limit,
      metadata,
    });
    return outcome === 'held';
  };
  const holdAndCapture = async (wallet, reference) => {
    if (!(await hold(wallet, reference))) return false;
    const { outcome } = await store.settle({ reference, to: 'captured', visibleInMs: 0 });
    return outcome === 'done';
  };
  return { hold, holdAndCapture };
}

/**
 * Reports each call of this method to a listener. It is replaced in place, because a store accepts only clients that it
 * recognizes; `delete client[method]` restores it.
 */
export function watched(client, method, onCall) {
  if (!onCall) return client;
  const call = client[method];
  client[method] = (...args) => {
    onCall(method, args);
    return call.apply(client, args);
  };
  return client;
}
