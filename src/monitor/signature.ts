// Signs alerts after the Standard Webhooks specification: HMAC-SHA256 over id, time and body, so that none of them can
// be changed and no old message replayed.
import { createHmac } from 'node:crypto';

/** The headers of a signed request. */
export interface SignedHeaders {
  readonly 'webhook-id': string;
  readonly 'webhook-timestamp': string;
  readonly 'webhook-signature': string;
}

const prefix = 'whsec_';
const [shortestBytes, longestBytes] = [24, 64];

const sizes = `${shortestBytes} to ${longestBytes}`;
export const secretRule: string = `must be "${prefix}" and the Base64 of ${sizes} random bytes`;

/** Returns the key in a secret; undefined unless it follows {@link secretRule}. */
export function signingKey(secret: string): Buffer | undefined {
  if (!secret.startsWith(prefix)) return undefined;
  const text = secret.slice(prefix.length);
  const key = Buffer.from(text, 'base64');
  // Node.js skips characters that are not Base64: the receiver would decode another key.
  if (key.toString('base64') !== text) return undefined;
  return key.length >= shortestBytes && key.length <= longestBytes ? key : undefined;
}

/** Signs `<id>.<unix seconds>.<body>` with each key: several while a secret is rotated. */
export function signedHeaders(id: string, body: string, keys: readonly Buffer[], nowMs: number): SignedHeaders {
  const seconds = `${Math.floor(nowMs / 1_000)}`;
  const signatures = keys.map(
    (key) => `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`,
  );
  return { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': signatures.join(' ') };
}
