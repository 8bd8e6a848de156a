// The webhooks of Flutterwave. Source: the provider's page "Webhooks".
import type { ProviderWebhook } from '../../core/provider.js';
import { headerOf, hmac, isSameText, signedWebhook } from '../shared/webhook-signature.js';
import { transferEvent } from './schema.js';

const signature = 'flutterwave-signature';

/**
 * Events with the secret hash of the dashboard in `verif-hash`, which proves nothing of the body, or with a signature:
 * HMAC-SHA256 over the raw body, in base64. An event that has a signature needs a correct one.
 */
export function flutterwaveWebhook(secretHash: string): ProviderWebhook {
  return signedWebhook({
    verify: (rawBody, headers) =>
      headers[signature] === undefined
        ? isSameText(headerOf(headers, 'verif-hash'), secretHash)
        : isSameText(headerOf(headers, signature), hmac('sha256', secretHash, [rawBody], 'base64')),
    schema: transferEvent,
    referenceOf: ({ reference }) => reference,
  });
}
