// The events of a provider: signed, or under a secret path.
import { answerOf, thrownBy } from '../core/functions.js';
import type { WalletInfo } from '../core/internals.js';
import type { ProviderCallback, ProviderWebhook } from '../core/provider.js';
import { callbackPath, endsWithOne } from './callback-path.js';

/** Decides which requests are the provider's, and reads them. */
export interface EventReader {
  /** Returns false if the path is not the secret one. */
  isAddressed(path: string | undefined): boolean;
  /** As in `ProviderWebhook`: undefined when the signature is wrong. */
  readonly read: ProviderWebhook['read'];
}

/** The settings of a receiver that concern its reader. */
export interface ReaderOptions {
  readonly callbackSecret?: string | readonly string[] | undefined;
  readonly referenceOf?: ProviderCallback['referenceOf'] | undefined;
}

/** Returns the reader, or the problem of the wallet: a provider that signs nothing is read under a secret path only. */
export function readerOf(
  { key, providerName, webhook, callback }: WalletInfo,
  options: ReaderOptions,
): EventReader | string {
  const { callbackSecret, referenceOf = callback?.referenceOf.bind(callback) } = options;
  if (webhook) {
    if (callbackSecret !== undefined || options.referenceOf) {
      return `${providerName} signs its webhooks; leave out callbackSecret and referenceOf`;
    }
    return { isAddressed: () => true, read: webhook.read.bind(webhook) };
  }
  if (callbackSecret === undefined) {
    return callback || options.referenceOf
      ? `${providerName} does not sign its callbacks; pass callbackSecret, and give it an address that ends with ` +
          'callbackPath(callbackSecret, wallet)'
      : `${providerName} has no webhooks that can be verified`;
  }
  if (!referenceOf) return `${providerName} has no callbacks that its adapter reads; pass referenceOf`;
  const secrets = typeof callbackSecret === 'string' ? [callbackSecret] : callbackSecret;
  const parts = secrets.map((secret) => callbackPath(secret, key));
  return {
    isAddressed: (path) => endsWithOne(path, parts),
    read: (rawBody) => ({ reference: referenceIn(rawBody, referenceOf) }),
  };
}

function referenceIn(rawBody: Uint8Array, referenceOf: ProviderCallback['referenceOf']): string | undefined {
  let reference: unknown;
  try {
    reference = referenceOf(rawBody);
  } catch (error) {
    throw thrownBy('referenceOf', error);
  }
  return answerOf('referenceOf', 'a text or undefined', isReference, reference);
}

function isReference(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}
