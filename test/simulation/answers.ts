// Store answers: immediate from a memory store, and later from other stores.
import type { MaybePromise } from 'payout-guard';

/** Returns the answer of a memory store, which must be immediate. */
export function atOnce<T>(answer: MaybePromise<T>): T {
  if (isPromise(answer)) throw new TypeError('This store must answer at once.');
  return answer;
}

/** Reads an answer, immediately if it is available. */
export function whenAnswered<T, R>(answer: MaybePromise<T>, read: (answer: T) => MaybePromise<R>): MaybePromise<R> {
  return isPromise(answer) ? answer.then(read) : read(answer);
}

export function isPromise<T>(answer: MaybePromise<T>): answer is Promise<T> {
  return typeof (answer as Promise<T> | undefined)?.then === 'function';
}
