// Access tokens of the JPay Africa API: 15 minutes each, renewed by a refresh token that is itself replaced each time.
// Source: the provider's documentation, pages "App token" and "Token refresh".
import { z } from 'zod';
import type { Clock } from '../../core/clock.js';
import { type Exchange, expectSuccess, type HttpAnswer } from '../../http/client.js';
import { type Credentials, credentialsFrom } from '../../http/credentials.js';
import { HttpFailure } from '../../http/failure.js';
import { parseJson, readShape } from '../../http/json.js';
import { bearer, renewableToken, type Token } from '../../http/renewable-token.js';
import { type TokenAnswer, tokenAnswer } from './schema.js';

/** Life of an access token without an expiry of its own. */
const accessLifeMs = 15 * 60_000;
/** A token is renewed this long before it ends. */
const renewEarlyMs = 60_000;

interface Tokens extends Token {
  readonly refresh: string;
}

/** Credentials from an app key and secret. Tokens are fetched once however many ask, and renewed before they end. */
export function appCredentials(app: {
  readonly baseUrl: string;
  readonly appKey: string;
  readonly appSecret: string;
  readonly merchantId: string | undefined;
  readonly clock: Clock;
}): Credentials {
  function post(exchange: Exchange, path: string, body: Record<string, string>): Promise<HttpAnswer> {
    return exchange.send({ method: 'POST', url: `${app.baseUrl}${path}`, body: JSON.stringify(body) });
  }

  return renewableToken<Tokens>(app.clock, async (exchange, last) => {
    const refreshed = last && (await post(exchange, '/auth/refresh', { refresh: last.refresh }));
    const answer =
      refreshed && refreshed.status !== 401
        ? refreshed
        : await post(exchange, '/auth/app/token', { app_key: app.appKey, app_secret: app.appSecret });
    expectSuccess(answer);
    return readTokens(answer, app);
  });
}

/** Credentials from a token that the application keeps itself, or a function that returns the current one. */
export function suppliedCredentials(accessToken: string | (() => string | Promise<string>)): Credentials {
  const current = async () =>
    bearer(typeof accessToken === 'string' ? accessToken : await credentialsFrom('accessToken()', accessToken));
  return {
    headers: current,
    renewed: async () => (typeof accessToken === 'string' ? undefined : current()),
  };
}

function readTokens(answer: HttpAnswer, app: { merchantId: string | undefined; clock: Clock }): Tokens {
  const body: TokenAnswer = readShape(tokenAnswer, parseJson(answer.text), 'the answer is not a token');
  if (app.merchantId !== undefined && body.merchant_id != null && body.merchant_id !== app.merchantId) {
    const detail = 'the app belongs to another merchant than merchantId';
    throw new HttpFailure({ kind: 'answer', reason: 'forbidden', detail, retryable: false });
  }
  if (body.products && !body.products.includes('payouts')) {
    const detail = 'the app does not have the product "payouts"';
    throw new HttpFailure({ kind: 'answer', reason: 'forbidden', detail, retryable: false });
  }
  const endsAtMs = expiryOf(body.access) ?? app.clock.now() + accessLifeMs;
  return { access: body.access, refresh: body.refresh, renewAtMs: endsAtMs - renewEarlyMs };
}

/** The `exp` of a JWT in epoch milliseconds. Not verified: it only decides when to ask for another token. */
function expiryOf(token: string): number | undefined {
  const payload = token.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    return z.object({ exp: z.number() }).parse(claims).exp * 1_000;
  } catch {
    // Not a JWT, or one without an expiry: the documented lifetime applies.
    return undefined;
  }
}
