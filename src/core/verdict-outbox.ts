// Known verdicts on their way to the store. One that the store cannot take is kept and tried again until it answers, so
// that a payout that was made is not forgotten because the database was away for a moment.
import { isPromise, isSilence } from './ask-store.js';
import { runAfter } from './clock.js';
import { asPayoutGuardError } from './errors.js';
import type { Events, LeftOpen } from './events.js';
import type { HoldRecord } from './hold.js';
import type { ResolvedOptions } from './options.js';
import { isOvertaken, type Settler, type VerdictRequest } from './settler.js';
import type { MaybePromise, SettleOutcome } from './store.js';

/** First and longest wait between tries, in milliseconds. */
const backoff = { firstMs: 1_000, longestMs: 30_000 };
/** The same while the guard closes, and the tries that are left are few. */
const closingBackoff: typeof backoff = { firstMs: 250, longestMs: 250 };
/** Tries under way at once. */
const batch = 100;

/** A verdict about one payout. */
export interface KnownVerdict {
  readonly wallet: string;
  readonly attempt: string;
  readonly request: VerdictRequest;
}

export class VerdictOutbox {
  readonly #options: ResolvedOptions;
  readonly #settler: Settler;
  readonly #events: Events;
  /** Verdicts that the store could not take yet, oldest first. */
  readonly #waiting = new Set<KnownVerdict>();
  /** Verdicts that the store was asked to record, until their recording has ended. */
  readonly #asked = new Map<KnownVerdict, Promise<void>>();
  #backoff = backoff;
  #delayMs = backoff.firstMs;
  #cancel: (() => void) | undefined;
  #retries: 'on' | 'off' = 'on';

  constructor(options: ResolvedOptions, settler: Settler, events: Events) {
    this.#options = options;
    this.#settler = settler;
    this.#events = events;
  }

  /** Verdicts that the store could not take yet, or has not answered. That the payment code has ended is none. */
  get left(): LeftOpen[] {
    return [...new Set([...this.#waiting, ...this.#asked.keys()])].flatMap(({ wallet, attempt, request }) => {
      const { reference, to } = request;
      return to === 'returned' ? [] : [{ reference, wallet, attempt, pending: to }];
    });
  }

  /** Records a verdict: once at least, and again in the background while the store is silent. Never rejects. */
  record(verdict: KnownVerdict): MaybePromise<HoldRecord | undefined> {
    try {
      const answer = this.#settler.ask(verdict.request, { isRepeated: this.#waiting.has(verdict) });
      if (!isPromise(answer)) return this.#answered(verdict, answer);
      const recording = answer.then(
        (outcome) => this.#answered(verdict, outcome),
        (error) => this.#failed(verdict, error),
      );
      return this.watch(verdict, recording);
    } catch (error) {
      return this.#failed(verdict, error);
    }
  }

  /** Remembers a verdict while it is being recorded, so that a guard that closes waits for it, or reports it. */
  watch<T>(verdict: KnownVerdict, recording: Promise<T>): Promise<T> {
    const end = () => void this.#asked.delete(verdict);
    this.#asked.set(verdict, recording.then(end, end));
    return recording;
  }

  /** Resolves when the store has answered everything that it was asked to record. */
  async idle(): Promise<void> {
    while (this.#asked.size > 0) await Promise.all(this.#asked.values());
  }

  /** Keeps a verdict whose caller got the error that the store did not respond. */
  keep(verdict: KnownVerdict, error: unknown): void {
    this.#failed(verdict, error);
  }

  /** Tries everything once, now. Resolves to whether nothing is left. */
  async flush(): Promise<boolean> {
    this.#cancel?.();
    this.#cancel = undefined;
    await this.#tryAll();
    return this.#waiting.size === 0;
  }

  /**
   * Tries now, and often from now on: a payment that hangs must not keep the verdicts of others from the store until
   * `close` is over.
   */
  hurry(): void {
    this.#backoff = closingBackoff;
    this.#delayMs = closingBackoff.firstMs;
    void this.flush();
  }

  /** Ends the tries. What is known afterwards is tried once. */
  stop(): void {
    this.#retries = 'off';
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #answered(verdict: KnownVerdict, outcome: SettleOutcome): HoldRecord | undefined {
    if (outcome.outcome === 'recovering') return this.#failed(verdict, undefined);
    this.#waiting.delete(verdict);
    const { request, wallet, attempt } = verdict;
    const found = contradicting(outcome, request);
    if (found !== undefined) {
      const wanted = request.to === 'captured' ? 'captured' : 'released';
      const { reference } = request;
      this.#events.alert('contradiction', () => ({ reference, wallet, attempt, wanted, found }), {
        code: 'PAYOUT_GUARD_CONTRADICTION',
        message:
          `Payout ${reference} of wallet ${wallet} should be ${wanted}, but the store has ${found}. Nothing was ` +
          'changed; check it with the provider.',
      });
    }
    return 'hold' in outcome ? outcome.hold : undefined;
  }

  /** The store was silent; anything else it threw is final, and reported. */
  #failed(verdict: KnownVerdict, thrown: unknown): undefined {
    const { request, wallet } = verdict;
    const isKept = (thrown === undefined || isSilence(thrown)) && this.#retries === 'on';
    const isNew = !this.#waiting.has(verdict);
    if (isKept) this.#waiting.add(verdict);
    else this.#waiting.delete(verdict);
    if (isKept) this.#tryLater();
    // That the payment code has ended is no verdict: without it, an outcome is only believed later.
    if ((isKept && !isNew) || request.to === 'returned') return undefined;
    const { reference } = request;
    const error = asPayoutGuardError(thrown);
    const next = isKept ? 'It is tried again until the store responds.' : 'Settle it by hand: it is not tried again.';
    this.#events.alert('settlementFailed', () => ({ reference, wallet, error, retried: isKept }), {
      code: 'PAYOUT_GUARD_SETTLEMENT_FAILED',
      message:
        `Payout ${reference} of wallet ${wallet} is known to be ` +
        `${request.to === 'captured' ? 'made' : 'not made'}, but the hold could not be settled; its money stays ` +
        `held. ${next}`,
      error: thrown,
    });
    return undefined;
  }

  #tryLater(): void {
    this.#cancel ??= runAfter(this.#options.clock, this.#delayMs, () => {
      this.#cancel = undefined;
      this.#delayMs = Math.min(this.#delayMs * 2, this.#backoff.longestMs);
      void this.#tryAll();
    });
  }

  async #tryAll(): Promise<void> {
    const waiting = [...this.#waiting];
    for (let from = 0; from < waiting.length; from += batch) {
      await Promise.all(waiting.slice(from, from + batch).map((verdict) => this.record(verdict)));
    }
    if (this.#waiting.size === 0) this.#delayMs = this.#backoff.firstMs;
  }
}

/** The state in the store that the verdict cannot be true with; undefined when there is none. */
function contradicting(outcome: SettleOutcome, request: VerdictRequest): HoldRecord['state'] | 'unknown' | undefined {
  // Nothing is known that the store could contradict.
  if (request.to === 'returned') return undefined;
  // A hold that is gone holds nothing; that is what a release wants.
  if (outcome.outcome === 'unknown') return request.to === 'captured' ? 'unknown' : undefined;
  // A later payout with the reference is reported as `paidAfterRelease`, and a release of the earlier one is over.
  if (outcome.outcome !== 'illegal' || isOvertaken(outcome.hold, request)) return undefined;
  // Another handle of the same attempt sends the payout, or has made it, so this one did not.
  if (request.to === 'released' && (outcome.hold.state === 'sent' || isSentByAnother(outcome.hold, request))) {
    return undefined;
  }
  return outcome.hold.state;
}

function isSentByAnother(hold: HoldRecord, { sender }: Extract<VerdictRequest, { to: 'released' }>): boolean {
  return sender !== undefined && sender !== (hold.sender ?? hold.attempt);
}
