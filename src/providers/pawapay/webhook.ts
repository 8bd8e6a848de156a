// The signed callbacks of pawaPay. Source: the provider's pages "Signatures in API" and "Payout callback".
import type { KeyObject } from 'node:crypto';
import * as z from 'zod';
import type { Clock } from '../../core/clock.js';
import type { ProviderWebhook } from '../../core/provider.js';
import { isSignedWith, readMessageSignature } from '../shared/message-signature.js';
import { signedWebhook } from '../shared/webhook-signature.js';
import { pawapayPayoutId } from './payout-id.js';

const payoutCallback = z.object({ payoutId: z.string(), clientReferenceId: z.string().nullish() });

/** Callbacks with a signature by RFC 9421. There is no other: a header with an HMAC is not of pawaPay. */
export function pawapayWebhook(
  callbackUrl: string,
  clock: Clock,
  keyOf: (id: string) => Promise<KeyObject | undefined>,
): ProviderWebhook {
  const url = new URL(callbackUrl);
  return signedWebhook({
    verify: async (rawBody, headers) => {
      const signature = readMessageSignature({ url, headers, rawBody }, clock.now());
      if (!signature) return false;
      const key = await keyOf(signature.keyId);
      return key !== undefined && isSignedWith(key, signature);
    },
    schema: payoutCallback,
    referenceOf,
  });
}

/** The one of the two ids that the id of the payout was derived from. */
function referenceOf({ payoutId, clientReferenceId }: z.infer<typeof payoutCallback>): string | undefined {
  const given = [clientReferenceId, payoutId].filter((id) => id != null);
  return given.find((reference) => pawapayPayoutId(reference) === payoutId);
}
