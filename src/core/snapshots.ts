// Readings of balances: a short memory for each wallet, and one request at a time for each wallet.
import { LRUCache } from 'lru-cache';
import { askStore } from './ask-store.js';
import { elapsedMs } from './clock.js';
import { sharedController, withDeadline } from './deadline.js';
import type { Snapshot } from './decision.js';
import {
  asPayoutGuardError,
  BalanceUnavailableError,
  ConfigurationError,
  CurrencyMismatchError,
  type PayoutGuardError,
} from './errors.js';
import type { Events } from './events.js';
import type { Identities } from './identities.js';
import { formatMinorUnits, parseBalance } from './money.js';
import { oldestBalanceMs, type ResolvedOptions } from './options.js';
import type { BalanceProvider, ProviderBalance } from './provider.js';
import { traced } from './trace.js';
import type { Wallet } from './wallet.js';
import type { Wallets } from './wallets.js';

/** A snapshot, and the figures for display beside it. Decisions get the snapshot alone. */
export interface Reading {
  readonly snapshot: Snapshot;
  readonly details: Readonly<Record<string, string>>;
}

interface Memory {
  /** The last reading that succeeded. */
  reading?: Reading;
  /** Start of the last attempt, successful or not, on the monotonic clock. */
  attemptedAtMs: number;
  /** Error of the last attempt, if it failed. */
  failure?: PayoutGuardError;
}

interface Flight {
  readonly startedAtMs: number;
  readonly reading: Promise<Reading>;
}

export class Snapshots {
  readonly #options: ResolvedOptions;
  readonly #wallets: Wallets;
  readonly #identities: Identities;
  readonly #events: Events;
  readonly #memory: LRUCache<string, Memory>;
  readonly #flights = new Map<string, Flight>();
  readonly #closing = sharedController();

  constructor(options: ResolvedOptions, wallets: Wallets, identities: Identities, events: Events) {
    this.#options = options;
    this.#wallets = wallets;
    this.#identities = identities;
    this.#events = events;
    this.#memory = new LRUCache({ max: options.maxWallets });
  }

  /** The remembered snapshot, if it is young enough to be used again. `nowMs` is of the monotonic clock. */
  remembered({ memoryKey }: Wallet, nowMs: number): Snapshot | undefined {
    return this.#rememberedReading(memoryKey, nowMs, this.#options.maxAgeMs)?.snapshot;
  }

  /**
   * A reading: the remembered one when it may be used, else a new one.
   * @param options - `maxAgeMs`: for display, one that is older than decisions may use.
   */
  async read(wallet: Wallet, options: { refresh: boolean; maxAgeMs?: number | undefined }): Promise<Reading> {
    const { clock, maxAgeMs } = this.#options;
    if (options.refresh) return this.#fetch(wallet, 0);
    const limitMs = Math.max(options.maxAgeMs ?? 0, maxAgeMs);
    return this.#rememberedReading(wallet.memoryKey, elapsedMs(clock), limitMs) ?? this.#fetch(wallet, maxAgeMs);
  }

  /**
   * The newest reading there can be before a refusal. Asks the provider once more, unless it was asked less than
   * `minRefreshMs` ago; then the answer of that time stands, and if it was a failure, so does that: an outage is not
   * reported as "not enough".
   */
  async confirm(wallet: Wallet): Promise<Reading> {
    const { clock, minRefreshMs } = this.#options;
    const memory = this.#memory.get(wallet.memoryKey);
    if (
      memory &&
      !this.#flights.has(wallet.memoryKey) &&
      isYounger(memory.attemptedAtMs, minRefreshMs, elapsedMs(clock))
    ) {
      if (memory.failure) throw memory.failure;
      if (memory.reading) return memory.reading;
    }
    return this.#fetch(wallet, minRefreshMs);
  }

  /** Ends requests under way; callers that wait for one are refused. */
  close(): void {
    this.#closing.abort(new BalanceUnavailableError('closed'));
  }

  #rememberedReading(key: string, nowMs: number, maxAgeMs: number): Reading | undefined {
    const reading = this.#memory.get(key)?.reading;
    return reading && isYounger(reading.snapshot.requestedElapsedMs, maxAgeMs, nowMs) ? reading : undefined;
  }

  /** Joins the request under way if it started at most `joinableMs` ago, else starts one when that has ended. */
  async #fetch(wallet: Wallet, joinableMs: number): Promise<Reading> {
    const flight = this.#flights.get(wallet.memoryKey);
    if (flight) {
      const ageMs = elapsedMs(this.#options.clock) - flight.startedAtMs;
      if (ageMs >= 0 && ageMs <= joinableMs) return flight.reading;
      // Its outcome, good or bad, is for the callers that joined it. All that wait here share the next one.
      await flight.reading.catch(() => {});
      return this.#fetch(wallet, Number.POSITIVE_INFINITY);
    }
    const startedAtMs = elapsedMs(this.#options.clock);
    const reading = this.#ask(wallet, startedAtMs).finally(() => this.#flights.delete(wallet.memoryKey));
    this.#flights.set(wallet.memoryKey, { startedAtMs, reading });
    return reading;
  }

  async #ask(wallet: Wallet, startedAtMs: number): Promise<Reading> {
    const { key, memoryKey } = wallet;
    try {
      const reading = await traced(this.#options.trace, { name: 'fetch_balance', wallet: key }, () =>
        this.#askProvider(wallet),
      );
      this.#memory.set(memoryKey, { reading, attemptedAtMs: startedAtMs });
      this.#announce(wallet, reading);
      return reading;
    } catch (error) {
      const failure = asPayoutGuardError(error);
      if ((failure as Partial<BalanceUnavailableError>).reason === 'unauthorized') this.#wallets.forget(wallet);
      this.#memory.set(memoryKey, { ...this.#memory.get(memoryKey), attemptedAtMs: startedAtMs, failure });
      this.#events.emit('providerFailure', () => ({ wallet: key, error: failure }));
      throw failure;
    }
  }

  #announce({ key, currency }: Wallet, { snapshot }: Reading): void {
    this.#events.emit('snapshot', () => ({
      wallet: key,
      available: formatMinorUnits(snapshot.availableMinor, currency),
      currency: currency.code,
      asOf: new Date(snapshot.requestedAtMs),
      receivedAt: new Date(snapshot.receivedAtMs),
      capturedMark: formatMinorUnits(snapshot.capturedMarkMinor, currency),
      epoch: snapshot.epoch,
    }));
  }

  async #askProvider(wallet: Wallet): Promise<Reading> {
    const { store, clock, fetchTimeoutMs } = this.#options;
    const { key, currency, visibilityLagMs } = wallet;
    const limits = {
      clock,
      timeoutMs: fetchTimeoutMs,
      outer: this.#closing.signal,
      onTimeout: () => new BalanceUnavailableError('timeout'),
    };
    const { mark, requestedAtMs, requestedElapsedMs, balance } = await withDeadline(limits, async (signal) => {
      // The mark comes first. Read after the balance, a payout captured in between would be missing from both.
      const mark = await askStore(store, (asked) => asked.totals(key));
      await this.#identities.check(wallet, mark.epoch);
      const [requestedAtMs, requestedElapsedMs] = [clock.now(), elapsedMs(clock)];
      const balance = await providerOf(wallet).fetchBalance({ currency: currency.code, signal });
      return { mark, requestedAtMs, requestedElapsedMs, balance };
    });
    const tookMs = elapsedMs(clock) - requestedElapsedMs;
    const receivedAtMs = clock.now();
    return {
      snapshot: {
        availableMinor: readAvailable(balance, wallet, { requestedAtMs, tookMs, visibilityLagMs }),
        capturedMarkMinor: mark.captured,
        epoch: mark.epoch,
        requestedAtMs,
        requestedElapsedMs,
        receivedAtMs,
      },
      details: { ...balance.details },
    };
  }
}

function providerOf({ key, provider }: Wallet): BalanceProvider {
  if (!provider) throw new ConfigurationError([`wallets.${key}: it has no provider, so it has no balance to read`]);
  return provider;
}

// An injected clock that is set back makes ages negative: such a reading counts as old.
function isYounger(sinceMs: number, limitMs: number, nowMs: number): boolean {
  const ageMs = nowMs - sinceMs;
  return ageMs >= 0 && ageMs < limitMs;
}

/** So far ahead of ours the provider's clock may be, in milliseconds. */
const tolerableLeadMs = 60_000;

function readAvailable(
  balance: ProviderBalance,
  { currency }: Wallet,
  times: { requestedAtMs: number; tookMs: number; visibilityLagMs: number },
): bigint {
  if (typeof balance !== 'object' || balance === null) throw new BalanceUnavailableError('malformed');
  const { available, currency: actual, asOfMs } = balance;
  if (typeof actual !== 'string') throw new BalanceUnavailableError('malformed', { detail: 'no currency' });
  if (actual !== currency.code) throw new CurrencyMismatchError(currency.code, actual, 'provider');
  const minor = parseBalance(available, currency);
  if (minor === undefined) {
    throw new BalanceUnavailableError('malformed', { detail: 'available is not a plain decimal' });
  }
  const { requestedAtMs, tookMs, visibilityLagMs } = times;
  if (asOfMs !== undefined && !(asOfMs - requestedAtMs - tookMs <= tolerableLeadMs)) {
    throw new BalanceUnavailableError('stale', { detail: 'its time lies in the future, so its age is unknown' });
  }
  const isOld = asOfMs !== undefined && !(requestedAtMs - asOfMs <= visibilityLagMs);
  if (isOld || tookMs > oldestBalanceMs || tookMs < 0) throw new BalanceUnavailableError('stale');
  return minor;
}
