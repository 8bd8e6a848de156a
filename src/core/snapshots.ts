// Readings of balances: a short memory for each wallet, and one request at a time for each wallet.
import { LRUCache } from 'lru-cache';
import type { Clock } from './clock.js';
import type { Currency } from './currency.js';
import { sharedController, withDeadline } from './deadline.js';
import type { Snapshot } from './decision.js';
import { asPayoutGuardError, BalanceUnavailableError, CurrencyMismatchError, type PayoutGuardError } from './errors.js';
import type { Events } from './events.js';
import { formatMinorUnits, parseBalance } from './money.js';
import { oldestBalanceMs } from './options.js';
import type { BalanceProvider, ProviderBalance } from './provider.js';
import { askStore, type HoldStore } from './store.js';
import { type Trace, traced } from './trace.js';

/** A snapshot, and beside it what the provider sent for display. Decisions get the snapshot alone. */
export interface Reading {
  readonly snapshot: Snapshot;
  readonly details: Readonly<Record<string, string>>;
}

interface Memory {
  /** The last reading that succeeded. */
  reading?: Reading;
  /** When the last attempt began, whether or not it succeeded. */
  attemptedAtMs: number;
  /** Why the last attempt failed, if it did. */
  failure?: PayoutGuardError;
}

interface Flight {
  readonly startedAtMs: number;
  readonly reading: Promise<Reading>;
}

export interface SnapshotsOptions {
  readonly provider: BalanceProvider;
  readonly store: HoldStore;
  readonly currency: Currency;
  readonly clock: Clock;
  readonly maxAgeMs: number;
  readonly maxWallets: number;
  readonly minRefreshMs: number;
  readonly fetchTimeoutMs: number;
  readonly visibilityLagMs: number;
  readonly trace: Trace | undefined;
}

export class Snapshots {
  readonly #options: SnapshotsOptions;
  readonly #events: Events;
  readonly #memory: LRUCache<string, Memory>;
  readonly #flights = new Map<string, Flight>();
  readonly #closing = sharedController();

  constructor(options: SnapshotsOptions, events: Events) {
    this.#options = options;
    this.#events = events;
    this.#memory = new LRUCache({ max: options.maxWallets });
  }

  /** The remembered snapshot, if it is young enough to be used again. */
  remembered(wallet: string, nowMs: number): Snapshot | undefined {
    return this.#rememberedReading(wallet, nowMs)?.snapshot;
  }

  /** A reading: the remembered one when it may be used, else a new one. */
  async read(wallet: string, options: { refresh: boolean }): Promise<Reading> {
    const { clock, maxAgeMs } = this.#options;
    if (options.refresh) return this.#fetch(wallet, 0);
    return this.#rememberedReading(wallet, clock.now()) ?? this.#fetch(wallet, maxAgeMs);
  }

  /**
   * The newest reading that may be had before a refusal. Asks the provider once more, unless it was asked less than
   * `minRefreshMs` ago; then the answer of that time stands, and if it was a failure, so does that: an outage is not
   * reported as "not enough".
   */
  async confirm(wallet: string): Promise<Reading> {
    const { clock, minRefreshMs } = this.#options;
    const memory = this.#memory.get(wallet);
    if (memory && !this.#flights.has(wallet) && isYounger(memory.attemptedAtMs, minRefreshMs, clock.now())) {
      if (memory.failure) throw memory.failure;
      if (memory.reading) return memory.reading;
    }
    return this.#fetch(wallet, minRefreshMs);
  }

  /** Ends requests under way; whoever waits for one is refused. */
  close(): void {
    this.#closing.abort(new BalanceUnavailableError('closed'));
  }

  #rememberedReading(wallet: string, nowMs: number): Reading | undefined {
    const reading = this.#memory.get(wallet)?.reading;
    return reading && isYounger(reading.snapshot.requestedAtMs, this.#options.maxAgeMs, nowMs) ? reading : undefined;
  }

  /** Joins the request under way if it started at most `joinableMs` ago, else starts one when that has ended. */
  async #fetch(wallet: string, joinableMs: number): Promise<Reading> {
    const flight = this.#flights.get(wallet);
    if (flight) {
      const ageMs = this.#options.clock.now() - flight.startedAtMs;
      if (ageMs >= 0 && ageMs <= joinableMs) return flight.reading;
      // Its outcome, good or bad, is for those who joined it. Everybody who waits here then shares the next one.
      await flight.reading.catch(() => {});
      return this.#fetch(wallet, Number.POSITIVE_INFINITY);
    }
    const startedAtMs = this.#options.clock.now();
    const reading = this.#ask(wallet, startedAtMs).finally(() => this.#flights.delete(wallet));
    this.#flights.set(wallet, { startedAtMs, reading });
    return reading;
  }

  async #ask(wallet: string, startedAtMs: number): Promise<Reading> {
    try {
      const reading = await traced(this.#options.trace, { name: 'fetch_balance', wallet }, () =>
        this.#askProvider(wallet),
      );
      this.#memory.set(wallet, { reading, attemptedAtMs: startedAtMs });
      this.#announce(wallet, reading);
      return reading;
    } catch (error) {
      const failure = asPayoutGuardError(error);
      this.#memory.set(wallet, { ...this.#memory.get(wallet), attemptedAtMs: startedAtMs, failure });
      this.#events.emit('providerFailure', () => ({ wallet, error: failure }));
      throw failure;
    }
  }

  #announce(wallet: string, { snapshot }: Reading): void {
    const { currency } = this.#options;
    this.#events.emit('snapshot', () => ({
      wallet,
      available: formatMinorUnits(snapshot.availableMinor, currency),
      currency: currency.code,
      asOf: new Date(snapshot.requestedAtMs),
      receivedAt: new Date(snapshot.receivedAtMs),
      capturedMark: formatMinorUnits(snapshot.capturedMarkMinor, currency),
      epoch: snapshot.epoch,
    }));
  }

  async #askProvider(wallet: string): Promise<Reading> {
    const { provider, store, currency, clock, fetchTimeoutMs, visibilityLagMs } = this.#options;
    const limits = {
      timeoutMs: fetchTimeoutMs,
      outer: this.#closing.signal,
      onTimeout: () => new BalanceUnavailableError('timeout'),
    };
    const { mark, requestedAtMs, balance } = await withDeadline(limits, async (signal) => {
      // The mark comes first. Read after the balance, a payout captured in between would be missing from both.
      const mark = await askStore(store, (asked) => asked.totals(wallet));
      const requestedAtMs = clock.now();
      return { mark, requestedAtMs, balance: await provider.fetchBalance({ wallet, signal }) };
    });
    const receivedAtMs = clock.now();
    return {
      snapshot: {
        availableMinor: readAvailable(balance, currency, { requestedAtMs, receivedAtMs, visibilityLagMs }),
        capturedMarkMinor: mark.captured,
        epoch: mark.epoch,
        requestedAtMs,
        receivedAtMs,
      },
      details: { ...balance.details },
    };
  }
}

// A clock that was set back makes ages negative: such a reading counts as old.
function isYounger(sinceMs: number, limitMs: number, nowMs: number): boolean {
  const ageMs = nowMs - sinceMs;
  return ageMs >= 0 && ageMs < limitMs;
}

function readAvailable(
  balance: ProviderBalance,
  currency: Currency,
  times: { requestedAtMs: number; receivedAtMs: number; visibilityLagMs: number },
): bigint {
  if (typeof balance !== 'object' || balance === null) throw new BalanceUnavailableError('malformed');
  const { available, currency: actual, asOfMs } = balance;
  if (typeof actual !== 'string') throw new BalanceUnavailableError('malformed', { detail: 'no currency' });
  if (actual !== currency.code) throw new CurrencyMismatchError(currency.code, actual, 'provider');
  const minor = parseBalance(available, currency);
  if (minor === undefined) {
    throw new BalanceUnavailableError('malformed', { detail: 'available is not a plain non-negative decimal' });
  }
  const { requestedAtMs, receivedAtMs, visibilityLagMs } = times;
  const isOld = asOfMs !== undefined && !(requestedAtMs - asOfMs <= visibilityLagMs);
  if (isOld || receivedAtMs - requestedAtMs > oldestBalanceMs) throw new BalanceUnavailableError('stale');
  return minor;
}
