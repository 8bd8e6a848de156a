// What a process asked of its store about each reference, and what it was told: what one wants to see when a run has failed.
import type { HoldStore } from 'payout-guard';
import { type FromPayer, monotonicMs } from './messages.js';

export class Trail {
  readonly #lines = new Map<string, string[]>();

  /** The lines of one reference, oldest first. */
  of(reference: string): readonly string[] {
    return this.#lines.get(reference) ?? [];
  }

  note(reference: string, fromMs: number, what: string): void {
    const lines = this.#lines.get(reference) ?? [];
    this.#lines.set(reference, lines);
    // What is tried again and again is shown once, with the last time.
    if (lines.at(-1)?.endsWith(what)) lines.pop();
    lines.push(`${fromMs.toFixed(1)} to ${monotonicMs().toFixed(1)} ${what}`);
  }
}

/** The same store, watched: what is asked to end, and what has ended, is told as well. */
export function watched(store: HoldStore, trail: Trail, tell: (message: FromPayer) => void): HoldStore {
  const watch = async <Answer>(reference: string, what: string, ask: () => PromiseLike<Answer> | Answer) => {
    const fromMs = monotonicMs();
    try {
      const answer = await ask();
      trail.note(reference, fromMs, `${what}: ${text(answer)}`);
      return answer;
    } catch (error) {
      trail.note(reference, fromMs, `${what}: ${(error as Error).message}`);
      throw error;
    }
  };
  // The methods of a store are on its prototype, and use private fields.
  return new Proxy(store, {
    get: (target, name: keyof HoldStore) => {
      if (name === 'hold') {
        return (request: Parameters<HoldStore['hold']>[0]) =>
          watch(request.reference, `hold as ${request.attempt}`, () => target.hold(request));
      }
      if (name === 'settle') {
        return async (request: Parameters<HoldStore['settle']>[0]) => {
          const { reference, to } = request;
          const fromMs = monotonicMs();
          if (to !== 'sent') tell({ kind: 'ending', reference, fromMs });
          const answer = await watch(reference, `settle to ${to}`, () => target.settle(request));
          const isEnded = answer.outcome === 'done' || answer.outcome === 'already';
          if (isEnded && to !== 'sent') tell({ kind: 'ended', reference, as: to, fromMs });
          return answer;
        };
      }
      const value: unknown = target[name];
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function text(answer: unknown): string {
  return JSON.stringify(answer, (_, value) => (typeof value === 'bigint' ? `${value}` : value));
}
