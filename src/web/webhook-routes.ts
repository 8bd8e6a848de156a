// Webhooks of providers as functions of `Request`, and of node:http.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PayoutGuard } from '../core/payout-guard.js';
import { receiverOf, type WebhookDelivery, type WebhookReceiverOptions } from './webhook-receiver.js';

/** Longest body that is read, in bytes: events of providers have a few thousand. */
const longestBody = 1_048_576;

/**
 * Receives webhooks as `webhookReceiver` does, in everything that answers a `Request` with a `Response`. Answers 413 to
 * a body of more than a megabyte.
 *
 * @throws `ConfigurationError` at creation, as `webhookReceiver`.
 */
export function webhookFetch(
  guard: PayoutGuard,
  options: WebhookReceiverOptions = {},
): (request: Request) => Promise<Response> {
  const receive = rawReceiver(guard, options);
  return async (request) => {
    // A body that is used up looks like no body.
    const chunks = request.bodyUsed ? undefined : (request.body ?? []);
    const headers = Object.fromEntries(request.headers);
    return new Response(null, { status: await receive(chunks, { headers, path: new URL(request.url).pathname }) });
  };
}

/**
 * Receives webhooks as `webhookReceiver` does, in servers of `node:http` and frameworks with such handlers. Reads the
 * body itself, so mount it before any body parser. Answers 413 to a body of more than a megabyte.
 *
 * @throws `ConfigurationError` at creation, as `webhookReceiver`.
 */
export function webhookListener(
  guard: PayoutGuard,
  options: WebhookReceiverOptions = {},
): (request: IncomingMessage, response: ServerResponse) => void {
  const receive = rawReceiver(guard, options);
  return (request: IncomingMessage & { originalUrl?: string }, response) => {
    const { headers, url, originalUrl = url } = request;
    void receive(request.readableDidRead ? undefined : request, { headers, path: originalUrl }).then((status) => {
      // The rest of a body that was too long is not read.
      if (status === 413) response.setHeader('connection', 'close');
      response.statusCode = status;
      response.end();
    });
  };
}

type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Reads the body; undefined means that another layer has. Resolves to the status of the answer, and never rejects. */
export function rawReceiver(
  guard: PayoutGuard,
  options: WebhookReceiverOptions,
): (chunks: Chunks | undefined, rest: Omit<WebhookDelivery, 'rawBody'>) => Promise<number> {
  const receive = receiverOf(guard, options, 'mount it before anything reads the body');
  return async (chunks, rest) => {
    // Without bytes the receiver reports the mistake in the setup.
    let rawBody: unknown;
    try {
      rawBody = chunks && (await bytesOf(chunks));
    } catch {
      // The client has left.
      return 503;
    }
    if (chunks && rawBody === undefined) return 413;
    return (await receive({ ...rest, rawBody: rawBody as Uint8Array })).status;
  };
}

async function bytesOf(chunks: Chunks): Promise<Uint8Array | undefined> {
  const read: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > longestBody) return undefined;
    read.push(chunk);
  }
  return Buffer.concat(read);
}
