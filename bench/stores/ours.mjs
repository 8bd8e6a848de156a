// A store of this library as a contender, with the calls that the guard makes for each payout.
import { randomUUID } from 'node:crypto';
import { amountMinor, currency, limitMinor, metadata } from './payout.mjs';

/** A long deadline, so that a stalled machine refuses no hold. The other contenders have no deadline. */
export const patient = { deadlineMs: 10_000 };

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

/** Wraps the client that the store gets, with a listener for each call of this method. */
export function watched(client, method, onCall) {
  if (!onCall) return client;
  return {
    [method](...args) {
      onCall(method, args);
      return client[method](...args);
    },
  };
}
