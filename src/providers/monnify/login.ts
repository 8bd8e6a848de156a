// Access tokens of the Monnify API, by a login with the keys. Source: the provider's API reference, "Authentication".
import { expectSuccess } from '../../http/client.js';
import type { Credentials } from '../../http/credentials.js';
import { HttpFailure } from '../../http/failure.js';
import { parseJson, readIfShaped, readShape } from '../../http/json.js';
import { resolveNetwork, withoutTrailingSlashes } from '../../http/options.js';
import { renewableToken, type Token } from '../../http/renewable-token.js';
import type { ApiSettings } from '../shared/api.js';
import { login, refusal } from './schema.js';

/** A token is renewed this long before it ends. */
const renewEarlyMs = 60_000;

export function monnifyCredentials(given: ApiSettings & { apiKey: string; secretKey: string }): Credentials {
  const { clock } = resolveNetwork(given);
  const url = `${withoutTrailingSlashes(given.baseUrl)}/api/v1/auth/login`;
  const keys = Buffer.from(`${given.apiKey}:${given.secretKey}`).toString('base64');
  return renewableToken<Token>(clock, async (exchange) => {
    const answer = await exchange.send({ method: 'POST', url, headers: { authorization: `Basic ${keys}` } });
    expectSuccess(answer);
    if (readIfShaped(refusal, answer.text)) {
      const detail = 'Monnify refused the login';
      throw new HttpFailure({ kind: 'answer', reason: 'unauthorized', detail, retryable: false });
    }
    const { accessToken, expiresIn } = readShape(login, parseJson(answer.text), 'the answer is not a token');
    return { access: accessToken, renewAtMs: clock.now() + Number(expiresIn) * 1_000 - renewEarlyMs };
  });
}
