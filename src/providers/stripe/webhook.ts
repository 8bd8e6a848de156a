// The webhooks of Stripe. Source: the module Webhooks of the provider's Node.js library.
import type { Clock } from '../../core/clock.js';
import type { ProviderWebhook } from '../../core/provider.js';
import { headerOf, hmac, isSameText, signedWebhook } from '../shared/webhook-signature.js';
import { referenceOf } from './payment.js';
import { type PaymentEvent, paymentEvent } from './schema.js';

/** Age from which an event is refused, in seconds: it may be a replay. */
const longestAgeSeconds = 300;

export interface StripeWebhookOptions {
  /** The secret of the endpoint, with its prefix `whsec_`. */
  readonly secret: string;
  readonly clock: Clock;
  /** Returns true for an event about a payment of this wallet. */
  readonly isMeant: (event: PaymentEvent) => boolean;
}

/** Events signed with the secret of the endpoint: HMAC-SHA256 over the time and the raw body, in hexadecimal. */
export function stripeWebhook({ secret, clock, isMeant }: StripeWebhookOptions): ProviderWebhook {
  return signedWebhook({
    verify: (rawBody, headers) => {
      const { time, signatures } = partsOf(headerOf(headers, 'stripe-signature') ?? '');
      const expected = hmac('sha256', secret, [`${time}.`, rawBody]);
      // There are two while the secret is being replaced.
      const isSigned = signatures.some((signature) => isSameText(signature, expected));
      return isSigned && clock.now() / 1_000 - Number(time) <= longestAgeSeconds;
    },
    schema: paymentEvent,
    referenceOf: (event) => (isMeant(event) ? referenceOf(event.data.object) : undefined),
  });
}

/** Reads `t=1764061200,v1=...,v1=...`. Other schemes than `v1` are no proof. */
function partsOf(header: string): { readonly time: string; readonly signatures: readonly string[] } {
  const parts = header.split(',').map((part) => part.split('='));
  const valuesOf = (name: string) => parts.filter(([key]) => key === name).map(([, value = '']) => value);
  const [time = ''] = valuesOf('t');
  return { time, signatures: /^\d{1,12}$/.test(time) ? valuesOf('v1') : [] };
}
