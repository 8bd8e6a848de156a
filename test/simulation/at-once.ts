import type { MaybePromise } from 'payout-guard';

/** The answer of a store in memory, which has one at once. Only the wire makes it slow. */
export function atOnce<T>(answer: MaybePromise<T>): T {
  if (isPromise(answer)) throw new TypeError('The shared store must answer at once.');
  return answer;
}

function isPromise<T>(answer: MaybePromise<T>): answer is Promise<T> {
  return typeof (answer as Promise<T> | undefined)?.then === 'function';
}
