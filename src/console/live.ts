// Live overviews as server-sent events: one reading for all streams, after each event of the guard and
// by timer.
import { elapsedMs, runAfter } from '../core/clock.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import { warn } from '../core/warn.js';
import { RequestError, type Sink, type Stream } from './exchange.js';
import type { Overviews } from './overview.js';

/** Events that change what is held or frozen. */
const changing = [
  'insufficient',
  'checkFailed',
  'frozen',
  'held',
  'captured',
  'released',
  'expired',
  'snapshot',
] as const;
/** Events after which the provider and the store are asked again. */
const failures = ['providerFailure', 'storeFailure'] as const;
/** Of these, a reading for an overview causes some itself. */
const ofReadings: ReadonlySet<string> = new Set(['snapshot', ...failures]);

/** Events of one moment are one reading, in milliseconds. */
const gatherMs = 100;
/**
 * Changes of other processes are seen by then, and every stream carries something by then, whatever providers do: with
 * the patience of a reading, its heartbeat comes every 5 seconds.
 */
const refreshMs = 4_500;
/** A stream ends after this time and its page connects anew: so `authorize` decides again. */
const longestMs = 600_000;

export class LiveOverviews {
  readonly #guard: PayoutGuard;
  readonly #overviews: Overviews;
  readonly #maxStreams: number;
  readonly #streams = new Map<Sink, number>();
  #stops: (() => void)[] = [];
  #cancelHeartbeat = () => {};
  #cancelSoon: (() => void) | undefined;
  #isReading = false;
  /** The extent of the next reading: nothing, holds alone, or all. */
  #due: 'nothing' | 'holds' | 'all' = 'nothing';
  #isClosed = false;

  constructor(guard: PayoutGuard, overviews: Overviews, maxStreams: number) {
    this.#guard = guard;
    this.#overviews = overviews;
    this.#maxStreams = maxStreams;
    const { closing } = guard.internals;
    if (closing.aborted) this.close();
    else closing.addEventListener('abort', () => this.close(), { once: true });
  }

  /** @throws {@link RequestError} 503 when there are too many streams, or the guard is closing. */
  open(): Stream {
    if (this.#isClosed) throw new RequestError(503, 'closed', 'The guard is closed.');
    if (this.#streams.size >= this.#maxStreams) {
      throw new RequestError(503, 'too_many_streams', 'Too many live streams are open. The page asks by itself.');
    }
    return (sink) => {
      if (this.#isClosed || this.#streams.size >= this.#maxStreams) {
        sink.end();
        return () => {};
      }
      if (this.#streams.size === 0) this.#start();
      this.#streams.set(sink, elapsedMs(this.#guard.internals.clock));
      // The page connects again after so many milliseconds.
      sink.write('retry: 2000\n\n');
      this.#due = 'all';
      void this.#send();
      return () => this.#drop(sink);
    };
  }

  /** Ends all streams. Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const sink of [...this.#streams.keys()]) {
      this.#drop(sink);
      sink.end();
    }
  }

  #start(): void {
    const { tap } = this.#guard.internals;
    // Otherwise a provider that is down would be asked again and again.
    const isOwn = (name: string) => ofReadings.has(name) && this.#overviews.isReading;
    this.#stops = [
      ...changing.map((name) => tap(name, () => isOwn(name) || this.#sendSoon('holds'))),
      ...failures.map((name) => tap(name, () => isOwn(name) || this.#sendSoon('all'))),
      // A wallet that arrives after its overview was sent.
      this.#overviews.onArrival(() => this.#isReading || this.#sendSoon('nothing')),
    ];
    this.#beat();
  }

  #drop(sink: Sink): void {
    if (!this.#streams.delete(sink) || this.#streams.size > 0) return;
    for (const stop of this.#stops.splice(0)) stop();
    this.#cancelHeartbeat();
    this.#cancelSoon?.();
    this.#cancelSoon = undefined;
  }

  #beat(): void {
    this.#cancelHeartbeat = runAfter(this.#guard.internals.clock, refreshMs, () => {
      this.#beat();
      this.#due = 'all';
      void this.#send();
    });
  }

  #sendSoon(due: 'nothing' | 'holds' | 'all'): void {
    if (due === 'all' || this.#due === 'nothing') this.#due = due;
    if (this.#isReading) return;
    this.#cancelSoon ??= runAfter(this.#guard.internals.clock, gatherMs, () => void this.#send());
  }

  async #send(): Promise<void> {
    // A reading is short, whatever providers do, and what is due is sent after it.
    if (this.#isReading) return;
    this.#cancelSoon?.();
    this.#cancelSoon = undefined;
    this.#isReading = true;
    const due = this.#due;
    this.#due = 'nothing';
    try {
      const overview = await (due === 'nothing'
        ? this.#overviews.current()
        : this.#overviews.read({ isOfHolds: due === 'holds' }));
      this.#sendAll(`data: ${JSON.stringify(overview)}\n\n`);
    } catch (error) {
      warn('PAYOUT_GUARD_CONSOLE', 'The overview of the console could not be read; it is read again soon.', error);
      // A comment, which keeps the connection open.
      this.#sendAll(': no overview\n\n');
    } finally {
      this.#isReading = false;
      if (this.#streams.size > 0 && this.#due !== 'nothing') this.#sendSoon(this.#due);
    }
  }

  #sendAll(text: string): void {
    for (const [sink, openedMs] of [...this.#streams]) this.#write(sink, text, openedMs);
  }

  #write(sink: Sink, text: string, openedMs: number): void {
    const isOld = elapsedMs(this.#guard.internals.clock) - openedMs > longestMs;
    if (sink.write(text) && !isOld) return;
    this.#drop(sink);
    sink.end();
  }
}
