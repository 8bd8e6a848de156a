// Drift of all watched wallets: each movement raises one alert, whichever processes see it.
import type { Clock } from '../core/clock.js';
import type { AmountInput } from '../core/money.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import {
  type DriftEvent,
  type DriftOptions,
  type DriftWatch,
  type VisibilityLagEvent,
  watchDrift,
} from '../drift/index.js';
import type { AlertOutbox, Claim } from './alert-outbox.js';
import { daily, drifted } from './alert-rules.js';
import type { Condition } from './event-rules.js';

/**
 * Options of the drift watch of all wallets of a monitor. `freezeAbove` is an option of each wallet, in its currency.
 */
export type MonitoredDrift = Omit<DriftOptions, 'wallet' | 'onDrift' | 'onLag' | 'freezeAbove'>;

/**
 * Events that wait for the store, or for another alert of their wallet to be delivered; beyond that the oldest are
 * dropped.
 */
const maxWaiting = 100;

export interface DriftAlertsOptions {
  readonly wallets: readonly { readonly wallet: string; readonly freezeAbove: AmountInput | undefined }[];
  readonly drift: MonitoredDrift | undefined;
  readonly outbox: AlertOutbox;
  readonly owner: string;
  readonly clock: Clock;
  /** Called when there is something to {@link DriftAlerts.claim}. */
  readonly onDrift: () => void;
  /** Raises the alert of a balance that lags behind its wallet's `visibilityLagMs`. */
  readonly raise: (condition: Condition) => void;
}

export class DriftAlerts {
  readonly #options: DriftAlertsOptions;
  readonly #watches: ReadonlyMap<string, DriftWatch>;
  /** Movements whose alerts are neither raised by this process nor found raised by another. */
  #waiting: DriftEvent[] = [];

  constructor(guard: PayoutGuard, options: DriftAlertsOptions) {
    this.#options = options;
    const { wallets, drift, clock, raise } = options;
    const onDrift = (event: DriftEvent) => {
      this.#waiting = [...this.#waiting, event].slice(-maxWaiting);
      options.onDrift();
    };
    const onLag = (event: VisibilityLagEvent) => raise(lagging(event, clock.now()));
    const watch = (wallet: string, freezeAbove: AmountInput | undefined) =>
      watchDrift(guard, { ...drift, wallet, freezeAbove, onDrift, onLag });
    this.#watches = new Map(
      drift ? wallets.map(({ wallet, freezeAbove }) => [wallet, watch(wallet, freezeAbove)]) : [],
    );
  }

  of(wallet: string): DriftWatch | undefined {
    return this.#watches.get(wallet);
  }

  /**
   * Claims the alerts that this process has to deliver. Movements that cannot be claimed now wait for the next call.
   * Never rejects.
   */
  async claim(): Promise<Claim[]> {
    const { owner, clock, outbox } = this.#options;
    const claims: Claim[] = [];
    const waiting = this.#waiting.splice(0);
    for (const event of waiting) {
      let isSettled = false;
      try {
        const decide = drifted(event, owner, clock.now());
        const claim = await outbox.settle(`${event.wallet}/drift`, (fact) => {
          isSettled = true;
          return decide(fact);
        });
        if (claim) claims.push(claim);
      } catch {
        // A store that does not respond raises an alert of its own.
        isSettled = false;
      }
      if (!isSettled) this.#waiting.push(event);
    }
    return claims;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#watches.values()].map((watch) => watch.close()));
  }
}

function lagging(event: VisibilityLagEvent, nowMs: number): Condition {
  const at = new Date(nowMs).toISOString();
  const { wallet } = event;
  return { key: `${wallet}/lag`, wallet, decide: daily(nowMs, { kind: 'visibility_lag', ...event, at }) };
}
