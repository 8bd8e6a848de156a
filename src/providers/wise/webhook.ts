// The webhooks of Wise. Source: the provider's page "Event Handling".
import { constants, createPublicKey, verify } from 'node:crypto';
import * as z from 'zod';
import type { ProviderWebhook } from '../../core/provider.js';
import { headerOf, signedWebhook } from '../shared/webhook-signature.js';
import { type TransferEvent, transferEvent } from './schema.js';

/** The option for the public key. */
export const publicKeyText: z.ZodType<string> = z.string().refine(isRsaKey, 'must be a public RSA key in PEM form');

/** Events signed with the key of the provider: RSA with PKCS #1 v1.5 and SHA-256 over the raw body, in base64. */
export function wiseWebhook(
  publicKey: string,
  referenceOf: (event: TransferEvent) => Promise<string | undefined>,
): ProviderWebhook {
  const key = { key: createPublicKey(publicKey), padding: constants.RSA_PKCS1_PADDING };
  return signedWebhook({
    verify: (rawBody, headers) => {
      const signature = headerOf(headers, 'x-signature-sha256') ?? '';
      return verify('RSA-SHA256', rawBody, key, Buffer.from(signature, 'base64'));
    },
    schema: transferEvent,
    referenceOf,
  });
}

function isRsaKey(text: string): boolean {
  try {
    return createPublicKey(text).asymmetricKeyType === 'rsa';
  } catch {
    // Its error would repeat what may be a private key.
    return false;
  }
}
