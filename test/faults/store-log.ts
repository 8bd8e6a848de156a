// The requests of a process to its store about each reference, and the answers: for the report of a run that failed.
import type { HoldStore, SettleOutcome, SettleRequest } from 'payout-guard';
import { monotonicMs } from '../processes/child.js';
import type { FromPayer } from './messages.js';

export class StoreLog {
  readonly #lines = new Map<string, string[]>();

  /** The lines of one reference, oldest first. */
  of(reference: string): readonly string[] {
    return this.#lines.get(reference) ?? [];
  }

  note(reference: string, fromMs: number, what: string): void {
    const lines = this.#lines.get(reference) ?? [];
    this.#lines.set(reference, lines);
    // Repeated entries are shown once, with the last time.
    if (lines.at(-1)?.endsWith(what)) lines.pop();
    lines.push(`${fromMs.toFixed(1)} to ${monotonicMs().toFixed(1)} ${what}`);
  }
}

/** Receives what becomes of requests that end holds. */
export interface StoreObserver {
  readonly send: (message: FromPayer) => void;
  /** The store has answered a request to end a hold, in whatever way. */
  readonly onAnswer: (request: SettleRequest, answer: SettleOutcome) => void;
}

/** The same store, observed: requests that end holds are reported before and after. */
export function observed(store: HoldStore, log: StoreLog, { send, onAnswer }: StoreObserver): HoldStore {
  const logged = async <Answer>(reference: string, what: string, ask: () => PromiseLike<Answer> | Answer) => {
    const fromMs = monotonicMs();
    try {
      const answer = await ask();
      log.note(reference, fromMs, `${what}: ${text(answer)}`);
      return answer;
    } catch (error) {
      log.note(reference, fromMs, `${what}: ${(error as Error).message}`);
      throw error;
    }
  };
  const settle: HoldStore['settle'] = async (request) => {
    const { reference, to } = request;
    const fromMs = monotonicMs();
    const isEnd = to === 'captured' || to === 'released' || to === 'failed';
    if (isEnd) send({ kind: 'ending', reference, fromMs });
    const answer = await logged(reference, `settle to ${to}`, () => store.settle(request));
    if (isEnd) onAnswer(request, answer);
    const hasEnded = answer.outcome === 'done' || answer.outcome === 'late' || answer.outcome === 'already';
    if (isEnd && hasEnded) send({ kind: 'ended', reference, as: answer.hold.state as 'captured' | 'released', fromMs });
    return answer;
  };
  // The methods of a store are on its prototype, and use private fields.
  return new Proxy(store, {
    get: (target, name: keyof HoldStore) => {
      if (name === 'settle') return settle;
      if (name === 'hold') {
        return (request: Parameters<HoldStore['hold']>[0]) =>
          logged(request.reference, `hold as ${request.attempt}`, () => target.hold(request));
      }
      const value: unknown = target[name];
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function text(answer: unknown): string {
  return JSON.stringify(answer, (_, value) => (typeof value === 'bigint' ? `${value}` : value));
}
