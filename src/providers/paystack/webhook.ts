// The webhooks of Paystack. Source: the provider's page "Webhooks", and its code samples "verifying-transaction".
import type { ProviderWebhook } from '../../core/provider.js';
import { headerOf, hmac, isSameText, signedWebhook } from '../shared/webhook-signature.js';
import { transferEvent } from './schema.js';

/** Events signed with the secret key of the API: HMAC-SHA512 over the raw body, in hexadecimal. */
export function paystackWebhook(secretKey: string): ProviderWebhook {
  return signedWebhook({
    verify: (rawBody, headers) =>
      isSameText(headerOf(headers, 'x-paystack-signature'), hmac('sha512', secretKey, [rawBody])),
    schema: transferEvent,
    referenceOf: ({ data }) => data.reference,
  });
}
