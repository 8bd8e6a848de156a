// Requests of a description: the functions of the user are called, and their answers checked, before anything is sent.
import { answerOf, isThenable, thrownBy } from '../../core/functions.js';
import { plainDecimalText } from '../../core/money.js';
import type { Exchange, HttpAnswer, HttpRequest } from '../../http/client.js';
import { type Credentials, credentialsFrom, sendWithCredentials } from '../../http/credentials.js';
import { HttpFailure } from '../../http/failure.js';
import { parseJson } from '../../http/json.js';
import type { HttpBalanceRequest, HttpCall, HttpFailureReason, HttpProviderOptions } from './description.js';
import { jsonRule, jsonText } from './json-text.js';

type Described = Pick<HttpProviderOptions<unknown>, 'headers' | 'failureOf'>;

/**
 * Sends the request of a call, with the headers of the description.
 *
 * @param part - The option that the call is in, for messages: `''` or `'lookup.'`.
 * @throws `HttpFailure` of an answer that `failureOf` names a reason for. `ConfigurationError` a function of the user
 *   did not answer.
 */
export async function send<Request extends HttpBalanceRequest>(
  exchange: Exchange,
  described: Described,
  { part, call, request }: { readonly part: string; readonly call: HttpCall<Request>; readonly request: Request },
): Promise<HttpAnswer> {
  const { failureOf } = described;
  const credentials = credentialsOf(described.headers, { currency: request.currency });
  const isRejection = (answer: HttpAnswer) =>
    (reasonOf(failureOf, answer) ?? (answer.status === 401 ? 'unauthorized' : undefined)) === 'unauthorized';
  const answer = await sendWithCredentials(exchange, credentials, requestOf(part, call, request), isRejection);
  const reason = reasonOf(failureOf, answer);
  if (reason === undefined) return answer;
  const retryable = reason === 'rate_limited';
  throw new HttpFailure({ kind: 'answer', reason, detail: `failureOf() of HTTP ${answer.status}`, retryable });
}

/** The JSON of an answer, whose numbers are text; undefined if it is none. */
export function jsonOf(text: string): unknown {
  try {
    return parseJson(text, plainDecimalText);
  } catch {
    // The page of a gateway.
    return undefined;
  }
}

/**
 * Calls a function of the user that must answer at once.
 *
 * @throws `ConfigurationError` when it threw, or returned a value that is not allowed.
 */
export function ask<T>(name: string, rule: string, isAllowed: (value: unknown) => boolean, call: () => T): T {
  let value: T;
  try {
    value = call();
  } catch (error) {
    throw thrownBy(name, error);
  }
  return answerOf(name, rule, isAllowed as (given: unknown) => given is T, value);
}

export function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function requestOf<Request>(part: string, { url, method, body }: HttpCall<Request>, request: Request): HttpRequest {
  const asked = { method, url: typeof url === 'string' ? url : addressFrom(part, url, request) };
  if (body === undefined) return asked;
  const value: unknown =
    typeof body === 'function' ? bodyFrom(part, body as (given: Request) => unknown, request) : body;
  return { ...asked, body: jsonText(value) };
}

function addressFrom<Request>(part: string, url: (request: Request) => string, request: Request): string {
  let address: string;
  try {
    address = url(request);
  } catch (error) {
    throw new HttpFailure({ kind: 'shape', detail: `${part}url() threw` }, error);
  }
  return answerOf(`${part}url`, 'an absolute URL', isText as (given: unknown) => given is string, address);
}

function bodyFrom<Request>(part: string, body: (request: Request) => unknown, request: Request): unknown {
  return ask(
    `${part}body`,
    jsonRule,
    (value) => jsonText(value) !== undefined,
    () => body(request),
  );
}

function credentialsOf(headers: Described['headers'], request: HttpBalanceRequest): Credentials {
  if (typeof headers !== 'function') return { headers: async () => ({ ...headers }), renewed: async () => undefined };
  const current = async () => {
    const given = await credentialsFrom('headers()', () => headers(request));
    return { ...answerOf('headers', 'an object of texts', isHeaders, given) };
  };
  return { headers: current, renewed: current };
}

function isHeaders(value: unknown): value is Record<string, string> {
  return typeof value === 'object' && value !== null && !isThenable(value) && Object.values(value).every(isText);
}

const reasons: ReadonlySet<unknown> = new Set<HttpFailureReason | undefined>([
  'unauthorized',
  'forbidden',
  'rate_limited',
  'provider_error',
  undefined,
]);

function reasonOf(failureOf: Described['failureOf'], { status, text }: HttpAnswer): HttpFailureReason | undefined {
  if (!failureOf) return undefined;
  const rule = 'a reason such as "unauthorized", or undefined';
  return ask(
    'failureOf',
    rule,
    (value) => reasons.has(value),
    () => failureOf(status, jsonOf(text)),
  );
}
