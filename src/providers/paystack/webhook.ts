// The webhooks of Paystack. Source: the provider's page "Webhooks", and its code samples "verifying-transaction".
import * as z from 'zod';
import type { ProviderWebhook } from '../../core/provider.js';
import { hmacWebhook } from '../shared/webhook-signature.js';

const transferEvent = z.object({
  event: z.string().startsWith('transfer.'),
  data: z.object({ reference: z.string() }),
});

/** Events signed with the secret key of the API. */
export function paystackWebhook(secretKey: string): ProviderWebhook {
  return hmacWebhook(
    { header: 'x-paystack-signature', algorithm: 'sha512', secret: secretKey },
    { schema: transferEvent, referenceOf: ({ data }) => data.reference },
  );
}
