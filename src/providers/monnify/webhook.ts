// The webhooks of Monnify. Source: the provider's pages "Webhooks" and "Event types", whose sample has this signature;
// the formula in the text, a plain hash of key and body, is not the one that is used.
import type { ProviderWebhook } from '../../core/provider.js';
import { headerOf, hmac, isSameText, signedWebhook } from '../shared/webhook-signature.js';
import { disbursementEvent } from './schema.js';

/** Events signed with the secret key of the API: HMAC-SHA512 over the raw body, in hexadecimal. */
export function monnifyWebhook(secretKey: string): ProviderWebhook {
  return signedWebhook({
    verify: (rawBody, headers) =>
      isSameText(headerOf(headers, 'monnify-signature'), hmac('sha512', secretKey, [rawBody])),
    schema: disbursementEvent,
    referenceOf: ({ eventData }) => eventData.reference,
  });
}
