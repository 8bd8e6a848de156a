// Webhooks of providers: an event is a reason to look the payout up, never an answer.
import type { Request, RequestHandler } from 'express';
import * as z from 'zod';
import { ConfigurationError, isPayoutGuardError } from '../core/errors.js';
import type { PayoutGuard, WalletInfo } from '../core/payout-guard.js';
import { Problems } from '../core/problems.js';
import { warnOnce } from '../core/warn.js';
import { assertExpress } from './response-holds.js';
import { assertGuard } from './route-options.js';

export interface PayoutWebhookOptions {
  /**
   * The wallet whose provider posts here.
   * @defaultValue the only wallet of the guard
   */
  wallet?: string | undefined;
}

const optionsSchema: z.ZodType<PayoutWebhookOptions> = z.strictObject({ wallet: z.string().optional() });

/**
 * Receives the webhooks of a provider: verifies the signature over the raw body, looks the payout up, settles its hold,
 * and answers 200. 401: the signature is wrong. 503, so that the provider posts again: the store did not respond, or
 * another service has the wallet. A payout without a final outcome is 200: it is looked up again, and the provider
 * posts when it changes. Mount it behind `express.raw({ type: '*' + '/*' })`, and before any `express.json()`.
 *
 * @throws `ConfigurationError` at creation when the provider of the wallet has no webhooks.
 */
export function payoutWebhook(guard: PayoutGuard, options: PayoutWebhookOptions = {}): RequestHandler {
  const { key, webhook } = walletOf(guard, options);

  const answer = async (req: Request): Promise<number> => {
    // Parsers make nothing, or an empty object, of a request without a body.
    const body: unknown = isEmpty(req) ? Buffer.alloc(0) : req.body;
    if (!Buffer.isBuffer(body)) {
      // Signatures cover the bytes. A 401 would make the provider give up because of a mistake in the setup.
      warnOnce(
        'PAYOUT_GUARD_WEBHOOK',
        `The webhook route of wallet ${key} needs the raw body: mount it behind express.raw({ type: '*/*' }) and ` +
          'before express.json().',
      );
      return 503;
    }
    const event = await webhook.read(body, req.headers);
    if (!event) return 401;
    if (event.reference !== undefined) await lookUp(guard, event.reference);
    return 200;
  };

  return (req, res, next) => {
    assertExpress(req, res, next);
    answer(req).then(
      (status) => res.status(status).end(),
      () => res.status(503).end(),
    );
  };
}

function walletOf(guard: PayoutGuard, options: PayoutWebhookOptions): WalletWithWebhook {
  const problems = new Problems();
  problems.read(optionsSchema, options);
  assertGuard(guard, options, problems);
  if (problems.any) throw problems.error();
  const { key, providerName, webhook } = guard.internals.wallet(options.wallet);
  if (!webhook) throw new ConfigurationError([`wallets.${key}: ${providerName} has no webhooks that can be verified`]);
  return { key, webhook };
}

type WalletWithWebhook = Pick<WalletInfo, 'key'> & { webhook: NonNullable<WalletInfo['webhook']> };

async function lookUp(guard: PayoutGuard, reference: string): Promise<void> {
  try {
    await guard.reconcile({ reference });
  } catch (error) {
    // An invalid reference belongs to no payout of ours. All other failures may be over when the event is posted again.
    if (!isPayoutGuardError(error) || error.code !== 'invalid_reference') throw error;
  }
}

/** Returns true if a request came without a body. Only the headers of HTTP/1 show that. */
function isEmpty({ body, headers, httpVersionMajor }: Request): boolean {
  if (Buffer.isBuffer(body) || httpVersionMajor !== 1) return false;
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
}
