// The signature of a webhook: HMAC-SHA256 over the time and the body, so that neither can be changed and no old message
// replayed.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Clock, systemClock } from '../core/clock.js';

/** The header that carries the signature: `t=<unix seconds>,v1=<hex of the HMAC>`. */
export const signatureHeader = 'payout-guard-signature';

/** Signs `<unix seconds>.<body>`. */
export function signWebhook(body: string, secret: string, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1_000);
  return `t=${seconds},v1=${digest(seconds, body, secret).toString('hex')}`;
}

/** A webhook as it arrived. */
export interface ReceivedWebhook {
  /** The raw body, before it is parsed. */
  body: string | Uint8Array;
  /** The header `payout-guard-signature`. */
  signature: string | undefined;
  /** The secret of the webhook; several while it is rotated. */
  secret: string | readonly string[];
  /**
   * Largest difference between the time of the signature and now, in either direction, in milliseconds.
   * @defaultValue 300,000
   */
  toleranceMs?: number | undefined;
  /**
   * Source of the time; for tests.
   * @defaultValue the clock of the machine
   */
  clock?: Clock | undefined;
}

/**
 * Returns whether a monitor with the secret sent this body recently. Respond with 400 if not. An alert may come more
 * than once, always with the same `id`.
 */
export function verifyWebhook(received: ReceivedWebhook): boolean {
  const { body, signature, secret, toleranceMs = 300_000, clock = systemClock } = received;
  if (typeof signature !== 'string' || signature.length > 1_000) return false;
  const [, seconds = '', claims = ''] = /^t=(\d{1,12}),(v1=[0-9a-f]{64}(?:,v1=[0-9a-f]{64})*)$/.exec(signature) ?? [];
  if (seconds === '' || !(Math.abs(clock.now() - Number(seconds) * 1_000) <= toleranceMs)) return false;
  const secrets = typeof secret === 'string' ? [secret] : secret;
  const claimed = claims.split(',').map((claim) => Buffer.from(claim.slice('v1='.length), 'hex'));
  return secrets
    .filter((one) => one !== '')
    .map((one) => digest(Number(seconds), body, one))
    .some((expected) => claimed.some((one) => timingSafeEqual(one, expected)));
}

function digest(seconds: number, body: string | Uint8Array, secret: string): Buffer {
  return createHmac('sha256', secret).update(`${seconds}.`).update(body).digest();
}
