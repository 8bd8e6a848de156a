// Access tokens of the disbursement product: an hour each, and one for all requests. Source: the provider's page "Best
// practices", which asks for a renewal ten minutes before the end.
import { expectSuccess, type HttpAnswer } from '../../http/client.js';
import type { Credentials } from '../../http/credentials.js';
import { type Failure, HttpFailure } from '../../http/failure.js';
import { parseJson, readIfShaped, readShape } from '../../http/json.js';
import { resolveNetwork, withoutTrailingSlashes } from '../../http/options.js';
import { renewableToken } from '../../http/renewable-token.js';
import type { ApiSettings } from '../shared/api.js';
import { misconfiguration, tokenAnswer } from './schema.js';

const defaultLifeMs = 3_600_000;
const renewEarlyMs = 600_000;

interface ApiAccess extends ApiSettings {
  readonly subscriptionKey: string;
  readonly apiUser: string;
  readonly apiKey: string;
}

/** Credentials from an API user and its key. */
export function apiUserCredentials(access: ApiAccess): Credentials {
  const { subscriptionKey, apiUser, apiKey } = access;
  const { clock } = resolveNetwork(access);
  const url = `${withoutTrailingSlashes(access.baseUrl)}/disbursement/token/`;
  const headers = {
    authorization: `Basic ${Buffer.from(`${apiUser}:${apiKey}`).toString('base64')}`,
    'ocp-apim-subscription-key': subscriptionKey,
  };
  return renewableToken(clock, async (exchange) => {
    const askedAtMs = clock.now();
    const answer = await exchange.send({ method: 'POST', url, headers });
    const failure = misconfigurationOf(answer);
    if (failure) throw new HttpFailure(failure);
    expectSuccess(answer);
    const token = readShape(tokenAnswer, parseJson(answer.text), 'the answer is not a token');
    const lifeMs = token.expires_in === undefined ? defaultLifeMs : token.expires_in * 1_000;
    // A token of a few minutes is used for half of them.
    return { access: token.access_token, renewAtMs: askedAtMs + lifeMs - Math.min(renewEarlyMs, lifeMs / 2) };
  });
}

/** The failure of an answer about wrong settings. MTN sends it as its own fault, and another attempt cannot help. */
export function misconfigurationOf({ status, text }: HttpAnswer): Failure | undefined {
  const wrong = status === 500 ? readIfShaped(misconfiguration, text) : undefined;
  return wrong && { kind: 'answer', reason: 'forbidden', detail: wrong.code, retryable: false };
}
