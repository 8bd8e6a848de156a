// Signatures of webhooks, over the bytes as they arrived; callbacks that have none.
import { createHmac } from 'node:crypto';
import type { ProviderCallback, ProviderWebhook, WebhookEvent } from '../../core/provider.js';
import { isSameText } from '../../core/same-text.js';
import { parseJson } from '../../http/json.js';

export { isSameText };

export type WebhookHeaders = Parameters<ProviderWebhook['read']>[1];

/** The form of an event. One that the schema refuses is about no payout. */
interface EventForm<Event> {
  readonly schema: { parse(input: unknown): Event };
  /** Returns the number that a text stands for, as the schema expects it. @defaultValue exact, as `LosslessNumber` */
  readonly readNumber?: ((text: string) => unknown) | undefined;
}

export interface SignedWebhook<Event> extends EventForm<Event> {
  /** Returns true if the signature is the provider's. */
  readonly verify: (rawBody: Uint8Array, headers: WebhookHeaders) => boolean | Promise<boolean>;
  /** Reference of the payout that the event is about, if it is about one. */
  readonly referenceOf: (event: Event) => string | undefined | Promise<string | undefined>;
}

/** A webhook whose event counts only after its signature was verified. An event of another shape is about no payout. */
export function signedWebhook<Event>({ verify, referenceOf, ...form }: SignedWebhook<Event>): ProviderWebhook {
  return {
    async read(rawBody, headers): Promise<WebhookEvent | undefined> {
      if (!(await verify(rawBody, headers))) return undefined;
      const event = eventIn(rawBody, form);
      return { reference: event && (await referenceOf(event.value)) };
    },
  };
}

/** A webhook with an HMAC over the raw body alone, in hexadecimal. */
export function hmacWebhook<Event>(
  signature: { readonly header: string; readonly algorithm: 'sha256' | 'sha512'; readonly secret: string },
  event: Omit<SignedWebhook<Event>, 'verify'>,
): ProviderWebhook {
  const { header, algorithm, secret } = signature;
  const verify: SignedWebhook<Event>['verify'] = (rawBody, headers) =>
    isSameText(headerOf(headers, header), hmac(algorithm, secret, [rawBody]));
  return signedWebhook({ ...event, verify });
}

export interface UnsignedCallback<Event> extends EventForm<Event> {
  readonly referenceOf: (event: Event) => string | undefined;
}

/** A callback without a signature. A body of another shape is about no payout. */
export function unsignedCallback<Event>({ referenceOf, ...form }: UnsignedCallback<Event>): ProviderCallback {
  return {
    referenceOf(rawBody): string | undefined {
      const event = eventIn(rawBody, form);
      return event && referenceOf(event.value);
    },
  };
}

function eventIn<Event>(
  rawBody: Uint8Array,
  { schema, readNumber }: EventForm<Event>,
): { readonly value: Event } | undefined {
  try {
    return { value: schema.parse(parseJson(Buffer.from(rawBody).toString('utf8'), readNumber)) };
  } catch {
    // No JSON, or an event of another shape: it names no payout.
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
