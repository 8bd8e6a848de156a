// Delivers claimed alerts, logs them, and counts the work that `close` waits for.
import { UnderWay } from '../core/under-way.js';
import { warn } from '../core/warn.js';
import type { Alert } from './alert.js';
import { alertEntry } from './alert-entry.js';
import type { Claim } from './alert-outbox.js';
import { deliver, type Undelivered } from './delivery.js';
import { type Log, logTo, safely } from './logger.js';
import type { ResolvedMonitorOptions } from './options.js';
import { Webhook } from './webhook.js';

/** The delivery of one alert. */
export interface Delivered {
  readonly alert: Alert;
  readonly undelivered: readonly Undelivered[];
}

export type DeliveriesOptions = Pick<
  ResolvedMonitorOptions,
  'onAlert' | 'onUndelivered' | 'webhook' | 'history' | 'logger' | 'deliveryTimeoutMs' | 'clock'
>;

/** Alerts that are remembered for display. */
const mostLatest = 500;
/** Alerts that report the end of a condition. */
const good: ReadonlySet<Alert['kind']> = new Set(['recovered', 'figure_recovered', 'runway_recovered', 'reachable']);

export class Deliveries {
  readonly #options: DeliveriesOptions;
  readonly #log: Log;
  readonly #webhook: Webhook | undefined;
  readonly #underWay = new UnderWay();
  readonly #latest: Alert[] = [];

  constructor(options: DeliveriesOptions) {
    const { logger, webhook, deliveryTimeoutMs, clock } = options;
    this.#options = options;
    this.#log = logTo(logger);
    this.#webhook = webhook && new Webhook(webhook, deliveryTimeoutMs, clock);
  }

  /** The latest alerts of this process, newest first. */
  get latest(): readonly Alert[] {
    return this.#latest;
  }

  /** Delivers the alerts of all claims at once. Never rejects. */
  deliverAll(claims: readonly Claim[]): Promise<Delivered[]> {
    return Promise.all(claims.map((claim) => this.deliver(claim)));
  }

  /** Delivers the alert of a claim and records that in its outbox. Never rejects. */
  deliver(claim: Claim): Promise<Delivered> {
    return this.track(this.#deliver(claim));
  }

  /** Counts work as under way until it ends. Settles as the work does. */
  async track<T>(work: Promise<T>): Promise<T> {
    this.#underWay.begin();
    try {
      return await work;
    } finally {
      this.#underWay.end();
    }
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    return this.#underWay.idle();
  }

  async #deliver(claim: Claim): Promise<Delivered> {
    const { alert } = claim;
    this.#latest.unshift(alert);
    this.#latest.length = Math.min(this.#latest.length, mostLatest);
    const { onAlert, deliveryTimeoutMs: timeoutMs, clock } = this.#options;
    this.#log(good.has(alert.kind) ? 'info' : 'warn', alertFields(alert), 'Alert.');
    const undelivered = await deliver(alert, { onAlert, webhook: this.#webhook, timeoutMs, clock });
    for (const one of undelivered) this.#giveUp(one);
    await claim.outbox.confirm(claim);
    await this.#record(alert, undelivered);
    return { alert, undelivered };
  }

  async #record(alert: Alert, undelivered: readonly Undelivered[]): Promise<void> {
    try {
      await this.#options.history?.add([alertEntry(alert, undelivered)]);
    } catch (error) {
      warn('PAYOUT_GUARD_HISTORY', 'The history rejected an entry (alert).', error);
    }
  }

  #giveUp(undelivered: Undelivered): void {
    const { onUndelivered, logger } = this.#options;
    const { alert, channel, reason, cause } = undelivered;
    const { kind, wallet, id } = alert;
    const what = 'An alert could not be delivered and is given up';
    this.#log('error', { kind, wallet, id, channel, reason, ...(cause && { err: cause }) }, `${what}.`);
    if (onUndelivered) safely('onUndelivered', () => onUndelivered(undelivered));
    else if (!logger) warn('PAYOUT_GUARD_UNDELIVERED', `${what}: ${kind} of ${wallet}, ${channel}: ${reason}.`, cause);
  }
}

/** The fields of an alert that are not balances. */
function alertFields(alert: Alert): Readonly<Record<string, unknown>> {
  const { kind, wallet, id } = alert;
  return {
    kind,
    wallet,
    ...('currency' in alert && { currency: alert.currency }),
    id,
    ...('threshold' in alert && { threshold: alert.threshold }),
    ...('reference' in alert && { reference: alert.reference }),
  };
}
