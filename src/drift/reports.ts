// Reports of a drift watch: to the application, and to its history.
import { formatMinorUnits } from '../core/money.js';
import { warn } from '../core/warn.js';
import type { HistoryEntry } from '../history/entry.js';
import { driftEvent, type VisibilityLagEvent } from './drift-event.js';
import type { LateCapture } from './lag.js';
import type { Finding } from './ledger.js';
import type { ResolvedDriftOptions } from './options.js';

export class DriftReports {
  readonly #options: ResolvedDriftOptions;

  constructor(options: ResolvedDriftOptions) {
    this.#options = options;
  }

  credit(amountMinor: bigint, at: Date, reference: string | undefined): void {
    this.#record('credit', at, this.#text(amountMinor), {}, reference);
  }

  drift(finding: Finding): void {
    const { wallet, onDrift } = this.#options;
    const { key, currency, debits } = wallet;
    const event = driftEvent(finding, { wallet: key, currency, lagMs: debits.lagMs });
    const { amount, from, to, direction, atMost, expected, actual } = event;
    const window = { from: from.toISOString(), to: to.toISOString() };
    this.#record('drift', to, amount, { direction, ...(atMost && { atMost }), ...window, expected, actual });
    this.#call('onDrift', () => onDrift(event));
  }

  lag({ capture, longerThanMs, atMostMs }: LateCapture, at: Date): void {
    const { wallet, onLag } = this.#options;
    const { lagMs } = wallet.debits;
    const { reference, attempt, debitedMinor } = capture;
    const amount = this.#text(debitedMinor);
    const about = { wallet: wallet.key, currency: wallet.currency.code };
    const event: VisibilityLagEvent = { ...about, reference, attempt, amount, lagMs, longerThanMs, atMostMs };
    this.#record('visibilityLag', at, amount, { attempt, lagMs, longerThanMs, atMostMs }, reference);
    if (onLag) this.#call('onLag', () => onLag(event));
    else
      this.warn(
        `The balance showed payout ${reference} ${longerThanMs} to ${atMostMs} ms after its capture, ` +
          `and visibilityLagMs is ${lagMs}. Raise it to at least ${atMostMs} in every process`,
      );
  }

  /** Warns the operator. */
  warn(what: string, error?: unknown): void {
    warn('PAYOUT_GUARD_DRIFT', `${what} (wallet ${this.#options.wallet.key}).`, error);
  }

  #record(
    kind: 'credit' | 'drift' | 'visibilityLag',
    at: Date,
    amount: string,
    data: HistoryEntry['data'],
    reference?: string,
  ): void {
    const { history, wallet } = this.#options;
    if (!history) return;
    const about = { kind, at, wallet: wallet.key, amount, ...(reference !== undefined && { reference }) };
    const entry = { ...about, data: { currency: wallet.currency.code, ...data } };
    const added = (async () => history.add([entry]))();
    added.catch((error) => this.warn(`The history rejected a ${kind} entry`, error));
  }

  #text(minor: bigint): string {
    return formatMinorUnits(minor, this.#options.wallet.currency);
  }

  #call(name: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.warn(`${name} threw`, error);
    }
  }
}
