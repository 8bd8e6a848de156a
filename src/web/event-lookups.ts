// Look-ups for events of providers: as few as the events allow, and none too few.
import { LRUCache } from 'lru-cache';
import { type Clock, elapsedMs, runAfter } from '../core/clock.js';
import type { EventOutcome, GuardInternals } from '../core/internals.js';

/** Shortest time between the end of a look-up and the next one for the same reference, in milliseconds. */
const pauseMs = 1_000;

/** References whose last look-up is remembered. One that is forgotten early costs one more look-up. */
const maxRemembered = 10_000;

interface LookUp {
  hasBegun: boolean;
  readonly end: Promise<EventOutcome>;
  /** The end that an event gets which arrived after this look-up had begun. */
  next: Promise<EventOutcome> | undefined;
}

/**
 * An event reports a state that the payout had when it was sent, so only a look-up that begins after its arrival is
 * sure to show that state. From this follows:
 *
 * - An event that arrives before a look-up begins shares it.
 * - An event that arrives while a look-up is under way may be about something that its answer does not show. When that
 *   answer is final, or the payout is none of ours, nothing can be missing: a decided hold is never looked up again.
 *   When the answer leaves the payout open, one more look-up follows. All events since the first one began share it.
 * - It follows a second after the end of the first, as does the look-up for an event that arrives within that second.
 *   Their look-up is late and not left out: some providers post each event once. The answer to the event waits for it,
 *   so that 200 always means that the provider was asked.
 * - Within a second after a look-up that the provider did not answer, an event is not looked up. The provider of the
 *   event gets 503 and posts it again.
 *
 * So replays and floods cost one look-up for each reference and second, and nothing is missed. A store that did not
 * respond cost the provider nothing, so the next event is looked up at once.
 */
export class EventLookups {
  readonly #guard: Pick<GuardInternals, 'clock' | 'lookUp'>;
  /** Begun, or about to begin: as many as there are undecided payouts with events, at most. */
  readonly #current = new Map<string, LookUp>();
  readonly #ended = new LRUCache<string, { readonly end: EventOutcome; readonly atMs: number }>({ max: maxRemembered });

  constructor(guard: Pick<GuardInternals, 'clock' | 'lookUp'>) {
    this.#guard = guard;
  }

  /** Returns the end of a look-up that shows the state that an event reports now. @throws what the look-up throws */
  async after(reference: string): Promise<EventOutcome> {
    const current = this.#current.get(reference);
    if (current?.hasBegun) {
      current.next ??= current.end.then((end) => (end === 'open' ? this.after(reference) : end));
      return current.next;
    }
    if (current) return current.end;

    const last = this.#ended.get(reference);
    const waitMs = last ? last.atMs + pauseMs - elapsedMs(this.#guard.clock) : 0;
    if (last && waitMs > 0 && last.end !== 'open') return last.end;
    return this.#start(reference, waitMs);
  }

  #start(reference: string, waitMs: number): Promise<EventOutcome> {
    const begin = async (): Promise<EventOutcome> => {
      try {
        if (waitMs > 0) await pause(this.#guard.clock, waitMs);
        lookUp.hasBegun = true;
        const end = await this.#guard.lookUp(reference);
        this.#ended.set(reference, { end, atMs: elapsedMs(this.#guard.clock) });
        return end;
      } finally {
        this.#current.delete(reference);
      }
    };
    // `begin` runs up to its first wait only once the entry is there.
    const lookUp: LookUp = { hasBegun: false, end: Promise.resolve().then(begin), next: undefined };
    this.#current.set(reference, lookUp);
    return lookUp.end;
  }
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void runAfter(clock, ms, resolve));
}
