// Webhooks of providers in Express.
import type { Request, RequestHandler } from 'express';
import type { PayoutGuard } from '../core/payout-guard.js';
import { receiverOf, type WebhookDelivery, type WebhookReceiverOptions } from '../web/webhook-receiver.js';
import { assertExpress } from './response-holds.js';

export type PayoutWebhookOptions = WebhookReceiverOptions;

/**
 * Receives the webhooks of a provider, as `webhookReceiver` does: looks the payout of an event up, settles its hold,
 * and answers 200. 401: the signature is wrong. 404: the path of an unsigned callback is not the secret one. 503, so
 * that the provider posts again: the provider or the store did not answer, or another service has the wallet. A payout
 * without a final outcome is 200: it is looked up again, and the provider posts when it changes. Mount it behind
 * `express.raw({ type: '*' + '/*' })`, and before any `express.json()`.
 *
 * @throws `ConfigurationError` at creation when the provider of the wallet has no webhooks, or signs none and there is
 *   no `callbackSecret`.
 */
export function payoutWebhook(guard: PayoutGuard, options: PayoutWebhookOptions = {}): RequestHandler {
  const advice = 'mount it behind express.raw({ type: () => true }) and before express.json()';
  const receive = receiverOf(guard, options, advice);

  return (req, res, next) => {
    assertExpress(req, res, next);
    void receive({ rawBody: bodyOf(req), headers: req.headers, path: req.originalUrl }).then(({ status }) =>
      res.status(status).end(),
    );
  };
}

/** Parsers make nothing, or an empty object, of a request without a body. Only the headers of HTTP/1 show that. */
function bodyOf({ body, headers, httpVersionMajor }: Request): WebhookDelivery['rawBody'] {
  if (Buffer.isBuffer(body) || httpVersionMajor !== 1) return body;
  const isEmpty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
  return isEmpty ? Buffer.alloc(0) : body;
}
