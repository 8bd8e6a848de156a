// Requests with credentials that may have to be renewed once.
import { isPayoutGuardError } from '../core/errors.js';
import type { Exchange, HttpAnswer, HttpRequest } from './client.js';
import { HttpFailure } from './failure.js';

/** Source of the headers that authenticate a request. */
export interface Credentials {
  /** Headers for a request. */
  headers(exchange: Exchange): Promise<Record<string, string>>;
  /** Other headers after `rejected` were refused, or undefined when there are none to be had. */
  renewed(exchange: Exchange, rejected: Record<string, string>): Promise<Record<string, string> | undefined>;
}

/**
 * Sends a request with credentials; once more with renewed ones after an answer that rejects them, once for each
 * question.
 *
 * @param isRejection - For an API that reports void credentials in its own way. By default, 401.
 */
export async function sendWithCredentials(
  exchange: Exchange,
  credentials: Credentials,
  request: HttpRequest,
  isRejection: (answer: HttpAnswer) => boolean = ({ status }) => status === 401,
): Promise<HttpAnswer> {
  const headers = await credentials.headers(exchange);
  const answer = await exchange.send({ ...request, headers: { ...request.headers, ...headers } });
  if (!isRejection(answer) || exchange.tokenRenewed) return answer;
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
