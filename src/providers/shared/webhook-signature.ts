// Signatures of webhooks, over the bytes as they arrived.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type * as z from 'zod';
import type { ProviderWebhook, WebhookEvent } from '../../core/provider.js';
import { parseJson } from '../../http/json.js';

export type WebhookHeaders = Parameters<ProviderWebhook['read']>[1];

export interface SignedWebhook<Event> {
  /** Returns true if the signature is the provider's. */
  readonly verify: (rawBody: Uint8Array, headers: WebhookHeaders) => boolean | Promise<boolean>;
  readonly schema: z.ZodType<Event>;
  /** Reference of the payout that the event is about, if it is about one. */
  readonly referenceOf: (event: Event) => string | undefined | Promise<string | undefined>;
}

/** A webhook whose event counts only after its signature was verified. An event of another shape is about no payout. */
export function signedWebhook<Event>({ verify, schema, referenceOf }: SignedWebhook<Event>): ProviderWebhook {
  return {
    async read(rawBody, headers): Promise<WebhookEvent | undefined> {
      if (!(await verify(rawBody, headers))) return undefined;
      const event = schema.safeParse(bodyOf(rawBody));
      return { reference: event.success ? await referenceOf(event.data) : undefined };
    },
  };
}

function bodyOf(rawBody: Uint8Array): unknown {
  try {
    return parseJson(Buffer.from(rawBody).toString('utf8'));
  } catch {
    // Signed, but no JSON: it names no payout.
    return undefined;
  }
}

/** Returns the header if it came once. */
export function headerOf(headers: WebhookHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** HMAC over parts of a message, as hexadecimal or base64 text. */
export function hmac(
  algorithm: 'sha256' | 'sha512',
  key: string | Uint8Array,
  parts: readonly (string | Uint8Array)[],
  encoding: 'hex' | 'base64' = 'hex',
): string {
  const hash = createHmac(algorithm, key);
  for (const part of parts) hash.update(part);
  return hash.digest(encoding);
}

/** Compares in a time that depends on the lengths alone. */
export function isSameText(given: string | undefined, expected: string): boolean {
  if (given === undefined || expected === '') return false;
  const [first, second] = [Buffer.from(given), Buffer.from(expected)];
  return first.length === second.length && timingSafeEqual(first, second);
}
