import { isThenable } from './functions.js';
import { warn } from './warn.js';

/**
 * Calls a listener of the application. It must not change what happens to money, so an error that it throws, or rejects
 * with, becomes a process warning.
 *
 * @param problem - The text of that warning.
 */
export function callListener<Event>(listener: (event: Event) => unknown, event: Event, problem: string): void {
  const report = (error: unknown) => warn('PAYOUT_GUARD_LISTENER', problem, error);
  try {
    const answer = listener(event);
    if (isThenable(answer)) void Promise.resolve(answer).catch(report);
  } catch (error) {
    report(error);
  }
}
