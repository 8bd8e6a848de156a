// Answers of stores, which come at once from a store in memory and later from others.
import type { MaybePromise } from 'payout-guard';

/** The answer of a store in memory. */
export function atOnce<T>(answer: MaybePromise<T>): T {
  if (isPromise(answer)) throw new TypeError('This store must answer at once.');
  return answer;
}

/** What becomes of an answer: at once if it is there. */
export function whenAnswered<T, R>(answer: MaybePromise<T>, read: (answer: T) => MaybePromise<R>): MaybePromise<R> {
  return isPromise(answer) ? answer.then(read) : read(answer);
}

export function isPromise<T>(answer: MaybePromise<T>): answer is Promise<T> {
  return typeof (answer as Promise<T> | undefined)?.then === 'function';
}
