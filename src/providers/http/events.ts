// Webhooks and callbacks, by their description.
import { plainDecimalText } from '../../core/money.js';
import type { ProviderCallback, ProviderWebhook } from '../../core/provider.js';
import { headerOf, hmac, isSameText, signedWebhook, unsignedCallback } from '../shared/webhook-signature.js';
import { ask, isText } from './calls.js';
import type { HttpCallback, HttpWebhook } from './description.js';

export function webhookOf<Event>(webhook: HttpWebhook<Event>): ProviderWebhook {
  const { secret, algorithm, encoding = 'hex', prefix = '', schema } = webhook;
  const secrets = typeof secret === 'string' ? [secret] : secret;
  const header = webhook.header.toLowerCase();
  return signedWebhook({
    verify: (rawBody, headers) => {
      const given = headerOf(headers, header);
      const isOf = (key: string) => isSameText(given, prefix + hmac(algorithm, key, [rawBody], encoding));
      return secrets.map(isOf).includes(true);
    },
    schema,
    readNumber: plainDecimalText,
    referenceOf: (event) => referenceOf('webhook', webhook, event),
  });
}

export function callbackOf<Event>(callback: HttpCallback<Event>): ProviderCallback {
  return unsignedCallback({
    schema: callback.schema,
    readNumber: plainDecimalText,
    referenceOf: (event) => referenceOf('callback', callback, event),
  });
}

function referenceOf<Event>(part: string, events: HttpCallback<Event>, event: Event): string | undefined {
  const isAllowed = (value: unknown) => value === undefined || isText(value);
  return ask(`${part}.referenceOf`, 'a text or undefined', isAllowed, () => events.referenceOf(event));
}
