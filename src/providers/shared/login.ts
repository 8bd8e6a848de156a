// Access tokens that a login returns, for APIs whose keys are not sent with each request.
import type * as z from 'zod';
import { expectSuccess, type HttpAnswer } from '../../http/client.js';
import type { Credentials } from '../../http/credentials.js';
import { type Failure, HttpFailure } from '../../http/failure.js';
import { parseJson, readShape } from '../../http/json.js';
import { resolveNetwork, withoutTrailingSlashes } from '../../http/options.js';
import { renewableToken } from '../../http/renewable-token.js';
import type { ApiSettings } from './api.js';

export interface Login {
  /** Of a POST request without a body. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly schema: z.ZodType<{ readonly access: string; readonly lifeMs: number }>;
  /** The failure that an answer reports in the provider's own way; undefined leaves the status to decide. */
  readonly failureOf: (answer: HttpAnswer) => Failure | undefined;
  /** A token is renewed this long before it ends, and one of a short life after half of it. */
  readonly renewEarlyMs: number;
}

/** The header of basic authentication. */
export function basic(user: string, key: string): { readonly authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${user}:${key}`).toString('base64')}` };
}

export function loginCredentials(settings: ApiSettings, login: Login): Credentials {
  const { clock } = resolveNetwork(settings);
  const url = withoutTrailingSlashes(settings.baseUrl) + login.path;
  return renewableToken(clock, async (exchange) => {
    const askedAtMs = clock.now();
    const answer = await exchange.send({ method: 'POST', url, headers: { ...login.headers } });
    const failure = login.failureOf(answer);
    if (failure) throw new HttpFailure(failure);
    expectSuccess(answer);
    const { access, lifeMs } = readShape(login.schema, parseJson(answer.text), 'the answer is not a token');
    return { access, renewAtMs: askedAtMs + lifeMs - Math.min(login.renewEarlyMs, lifeMs / 2) };
  });
}
