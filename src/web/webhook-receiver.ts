// Webhooks and callbacks of providers, for any framework: an event is a reason to look the payout up, never an answer.
import { types } from 'node:util';
import * as z from 'zod';
import { runAfter } from '../core/clock.js';
import { ConfigurationError, isPayoutGuardError } from '../core/errors.js';
import type { WalletInfo } from '../core/internals.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import { Problems } from '../core/problems.js';
import { functionSchema } from '../core/schemas.js';
import { warnOnce } from '../core/warn.js';
import { assertGuard } from './assert-guard.js';
import { callbackSecret } from './callback-path.js';
import { EventLookups } from './event-lookups.js';
import { type EventReader, readerOf } from './event-reader.js';

export interface WebhookReceiverOptions {
  /**
   * The wallet whose provider posts here.
   * @defaultValue the only wallet of the guard
   */
  wallet?: string | undefined;
  /**
   * For a provider that signs nothing, such as JPay or MTN MoMo: the secret of `callbackPath`, whose result is the last
   * part of the address that the provider posts to. During a rotation, the new and the old one.
   */
  callbackSecret?: string | readonly string[] | undefined;
  /**
   * Reads the reference from the body of an unsigned callback; undefined for a body about anything else.
   * @defaultValue the adapter's, which reads the documented body
   */
  referenceOf?: ((rawBody: Uint8Array) => string | undefined) | undefined;
}

/** A request of a provider. */
export interface WebhookDelivery {
  /** The bytes of the body as they arrived. A body that was parsed and written again has another signature. */
  readonly rawBody: Uint8Array;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The path or URL of the request; for unsigned callbacks. */
  readonly path?: string | undefined;
}

/**
 * The answer to a provider:
 *
 * - 200: the provider was asked about the payout, or the event is about none of this guard.
 * - 401: the signature is wrong.
 * - 404: the path of an unsigned callback is not the secret one.
 * - 503: the provider or the store did not answer, another service has the wallet, or the body is no bytes. The
 *   provider should post again.
 */
export interface WebhookAnswer {
  readonly status: 200 | 401 | 404 | 503;
}

/** Receives one request. Never rejects. */
export type WebhookReceiver = (delivery: WebhookDelivery) => Promise<WebhookAnswer>;

/** Longest time that a provider waits for its answer, in milliseconds. A look-up that takes longer continues. */
const answerWithinMs = 10_000;

const optionsSchema: z.ZodType<WebhookReceiverOptions> = z.strictObject({
  wallet: z.string().optional(),
  callbackSecret: z
    .union([callbackSecret, z.array(callbackSecret).min(1).max(10).readonly()], {
      error: 'must be a text of 32 to 1,000 characters without spaces, or a list of them',
    })
    .optional(),
  referenceOf: functionSchema<NonNullable<WebhookReceiverOptions['referenceOf']>>().optional(),
});

/**
 * Makes the receiver of the webhooks of a provider: it verifies the signature over the raw body, or the secret path,
 * reads the reference, asks the provider about the payout, and settles its hold. The event itself settles nothing.
 * Replays cost one look-up for each reference and second, and requests with a wrong signature or path cost none.
 *
 * @throws `ConfigurationError` when the provider of the wallet has no webhooks, or signs none and there is no
 *   `callbackSecret`.
 */
export function webhookReceiver(guard: PayoutGuard, options: WebhookReceiverOptions = {}): WebhookReceiver {
  return receiverOf(guard, options, 'pass the bytes of the request as rawBody, before anything parses them');
}

/** @param advice - The way to the bytes of a body in this framework, as the end of a sentence. */
export function receiverOf(guard: PayoutGuard, options: WebhookReceiverOptions, advice: string): WebhookReceiver {
  const { wallet, reader } = resolve(guard, options);
  const { internals } = guard;
  const lookups = new EventLookups(internals);

  const answer = async ({ rawBody, headers, path }: WebhookDelivery): Promise<WebhookAnswer['status']> => {
    if (!reader.isAddressed(path)) return 404;
    if (!types.isUint8Array(rawBody)) {
      // Signatures cover the bytes. A 401 would make the provider give up because of a mistake in the setup.
      warnOnce('PAYOUT_GUARD_WEBHOOK', `The webhook route of wallet ${wallet.key} needs the raw body: ${advice}.`);
      return 503;
    }
    const event = await reader.read(rawBody, inLowerCase(headers));
    if (!event) return 401;
    if (event.reference === undefined) return 200;
    return (await lookups.after(event.reference)) === 'unanswered' ? 503 : 200;
  };

  return async (delivery) => {
    let cancel = () => {};
    const late = new Promise<503>((resolve) => {
      cancel = runAfter(internals.clock, answerWithinMs, () => resolve(503));
    });
    const inTime = answer(delivery).catch((error) => statusOf(error, wallet));
    return { status: await Promise.race([inTime, late]).finally(cancel) };
  };
}

function resolve(
  guard: PayoutGuard,
  options: WebhookReceiverOptions,
): { readonly wallet: WalletInfo; readonly reader: EventReader } {
  const problems = new Problems();
  problems.read(optionsSchema, options);
  assertGuard(guard, options, problems);
  if (problems.any) throw problems.error();
  const wallet = guard.internals.wallet(options.wallet);
  const reader = readerOf(wallet, options);
  if (typeof reader === 'string') throw new ConfigurationError([`wallets.${wallet.key}: ${reader}`]);
  return { wallet, reader };
}

/** Node.js writes the names of headers so. Two that become one are a header that came twice. */
function inLowerCase(headers: WebhookDelivery['headers']): WebhookDelivery['headers'] {
  const found: Record<string, string | readonly string[] | undefined> = {};
  for (const [name, value] of Object.entries(headers)) {
    const key = name.toLowerCase();
    found[key] = found[key] === undefined ? value : [found[key], value ?? []].flat();
  }
  return found;
}

/** An invalid reference belongs to no payout of ours. All other failures may be over when the event is posted again. */
function statusOf(error: unknown, { key }: WalletInfo): 200 | 503 {
  const code = isPayoutGuardError(error) ? error.code : undefined;
  if (code === 'invalid_reference') return 200;
  if (code === 'configuration') {
    warnOnce('PAYOUT_GUARD_WEBHOOK', `An event for wallet ${key} was not looked up. ${(error as Error).message}`);
  }
  return 503;
}
