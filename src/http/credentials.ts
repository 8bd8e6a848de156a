// Requests with credentials that may have to be renewed once.
import { isPayoutGuardError } from '../core/errors.js';
import type { Exchange, HttpAnswer, HttpRequest } from './client.js';
import { HttpFailure } from './failure.js';

/** Source of the headers that authenticate a request. */
export interface Credentials {
  /** Headers for a request. */
  headers(exchange: Exchange): Promise<Record<string, string>>;
  /** Other headers after `rejected` were answered with 401, or undefined when there are none to be had. */
  renewed(exchange: Exchange, rejected: Record<string, string>): Promise<Record<string, string> | undefined>;
}

/** Sends a request with credentials; after a 401 once more with renewed ones, once for each question. */
export async function sendWithCredentials(
  exchange: Exchange,
  credentials: Credentials,
  request: HttpRequest,
): Promise<HttpAnswer> {
  const headers = await credentials.headers(exchange);
  const answer = await exchange.send({ ...request, headers: { ...request.headers, ...headers } });
  if (answer.status !== 401 || exchange.tokenRenewed) return answer;
  exchange.tokenRenewed = true;
  const renewed = await credentials.renewed(exchange, headers);
  return renewed ? exchange.send({ ...request, headers: { ...request.headers, ...renewed } }) : answer;
}

/** Calls a function of the application for credentials. Its errors may name a secret, so only their kind is kept. */
export async function credentialsFrom<T>(name: string, ask: () => T | Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (isPayoutGuardError(error)) throw error;
    throw new HttpFailure({ kind: 'credentials', detail: `${name} threw` }, error);
  }
}
