// A store as another process reads it: each answer takes a while.
import type { HoldStore } from 'payout-guard';
import { now } from './world-parts.js';

/**
 * The store as the watching process sees it.
 * @param store - The store at this moment; a loss replaces it.
 * @param move - Runs before and after each answer: anything may happen meanwhile.
 * @param onAnswer - Runs when an answer has arrived.
 */
export function seenStore(store: () => HoldStore, move: () => void, onAnswer: () => void): HoldStore {
  const later = async <T>(ask: () => T): Promise<T> => {
    move();
    const answer = ask();
    await Promise.resolve();
    move();
    onAnswer();
    return answer;
  };
  return {
    name: 'seen',
    totals: (key) => later(() => now(store().totals(key))),
    list: (filter) => later(() => now(store().list(filter))),
    get: (reference) => later(() => now(store().get(reference))),
    hold: (request) => store().hold(request),
    holdAll: (request) => store().holdAll(request),
    settle: (request) => store().settle(request),
    claim: (request) => store().claim(request),
    freeze: (key, reason) => store().freeze(key, reason),
    note: (key) => store().note(key),
    swapNote: (key, expected, value) => store().swapNote(key, expected, value),
    close: async () => {},
  };
}
