// Delivers one alert to the function and to the webhook at the same time.
import type { Clock } from '../core/clock.js';
import { withDeadline } from '../core/deadline.js';
import { redactedCause } from '../core/redact.js';
import type { Alert } from './alert.js';
import type { Webhook } from './webhook.js';

/** An alert that could not be delivered and is not sent again. */
export interface Undelivered {
  readonly alert: Alert;
  readonly channel: 'onAlert' | 'webhook';
  /** `timeout`, `network`, `HTTP 500` and the like; `threw`. */
  readonly reason: string;
  /** The error of `onAlert`, without its message. */
  readonly cause?: Error;
}

export interface DeliveryOptions {
  readonly onAlert: (alert: Alert) => unknown;
  readonly webhook: Webhook | undefined;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

const never = new AbortController().signal;

/** Delivers on all channels at once; each is bounded by `timeoutMs`. Never rejects. */
export async function deliver(alert: Alert, options: DeliveryOptions): Promise<Undelivered[]> {
  const [byFunction, byWebhook] = await Promise.all([call(alert, options), options.webhook?.send(alert)]);
  const undelivered: Undelivered[] = byFunction ? [byFunction] : [];
  if (byWebhook !== undefined) undelivered.push({ alert, channel: 'webhook', reason: byWebhook });
  return undelivered;
}

async function call(alert: Alert, { onAlert, timeoutMs, clock }: DeliveryOptions): Promise<Undelivered | undefined> {
  const late = new Error('late');
  try {
    await withDeadline({ timeoutMs, clock, outer: never, onTimeout: () => late }, async () => onAlert(alert));
    return undefined;
  } catch (error) {
    if (error === late) return { alert, channel: 'onAlert', reason: 'timeout' };
    return { alert, channel: 'onAlert', reason: 'threw', cause: redactedCause(error) };
  }
}
