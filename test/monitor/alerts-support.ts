// A store that loses answers.
import type { HoldStore } from 'payout-guard';

/** A store that may stop answering, or lose answers to what it has done. */
export function failing(store: HoldStore): HoldStore & { isDown: boolean; losesAnswers: number } {
  const failing = {
    isDown: false,
    losesAnswers: 0,
  };
  return new Proxy(Object.assign(failing), {
    get: (target, name) => {
      if (name in target) return target[name];
      const value = store[name as keyof HoldStore];
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        if (failing.isDown) throw new Error('down');
        const answer = await (value as (...all: unknown[]) => unknown).apply(store, args);
        if (name === 'swapNote' && failing.losesAnswers > 0) {
          failing.losesAnswers -= 1;
          throw new Error('the answer was lost');
        }
        return answer;
      };
    },
  }) as HoldStore & { isDown: boolean; losesAnswers: number };
}
