// Calls in the name of a terminal, unsigned and signed.
import { inspect } from 'node:util';
import { LosslessNumber, stringify } from 'lossless-json';
import { ConfigurationError } from '../../core/errors.js';
import { amountText } from './amount.js';
import { encrypted, signedUrl } from './handshake.js';
import { isPlainId, type Phoenix } from './options.js';
import type { Session } from './sessions.js';
import { type SignedPayment, signedHeaders, timestampText } from './signing.js';

/** A payment to be signed. Further fields go into the body as they are; `otp` is encrypted, if there is one. */
export interface PhoenixPayment {
  /** The reference of the hold. It is what makes Phoenix refuse a repetition: letters, digits, `.`, `_` and `-`. */
  readonly requestReference: string;
  /** Plain decimal text in major units. */
  readonly amount: string;
  readonly customerId: string;
  readonly paymentCode: string;
  readonly [field: string]: unknown;
}

/** A call to be signed: a question, a body, or a payment. The id of the terminal is added to each. */
export type PhoenixCall =
  | { readonly method: 'GET'; readonly path: string; readonly query: Readonly<Record<string, string>> }
  | { readonly method: 'POST'; readonly path: string; readonly body: Readonly<Record<string, unknown>> }
  | {
      readonly method: 'POST';
      /** @defaultValue 'sente/xpayment' */
      readonly path?: 'sente/xpayment' | 'sente/payment' | undefined;
      readonly payment: PhoenixPayment;
    };

/**
 * A signed call. Send it unchanged: `fetch(call.url, { method: call.method, headers: call.headers, body: call.body })`,
 * or spread it into the options of an HTTP client: a copy has everything that is needed. Its headers are secrets, so
 * neither `util.inspect` nor `JSON.stringify` shows them, nor anything of the call itself. A copy shows the rest: its
 * body may hold personal data.
 */
export interface SignedCall {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** With `Content-Type` and `Accept`. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON, in which the amount is written as it was signed. Absent from a GET. */
  readonly body?: string;
}

/**
 * Signs a call with a session.
 *
 * @throws `ConfigurationError` for a path, query or reference that would not arrive as it was signed.
 * @throws `InvalidAmountError` for an amount that Phoenix cannot read.
 */
export function signCall(phoenix: Phoenix, { terminalKey, token }: Session, call: PhoenixCall): SignedCall {
  const { method } = call;
  const url = urlOf(phoenix, call);
  const payment = 'payment' in call ? signedPayment(phoenix, call.payment) : undefined;
  const body = bodyOf(phoenix, call, payment, (text) => encrypted(phoenix, terminalKey, text));
  const headers = signedHeaders(phoenix, {
    method,
    url: signedUrl(url, phoenix),
    timestamp: timestampText(phoenix.network.clock.now(), phoenix.timestamp),
    payment,
    authToken: encrypted(phoenix, terminalKey, token),
  });
  const json = { accept: 'application/json', 'content-type': 'application/json' };
  return unshown({
    method,
    url,
    headers: unshown({ ...json, ...headers }),
    ...(body === undefined ? {} : { body }),
  });
}

/**
 * Keeps the members of an object out of logs by its prototype: `fetch` takes no symbols among headers, even hidden
 * ones. The prototype has none itself, by which HTTP clients recognise plain objects.
 */
const unshownPrototype: object = Object.create(null, {
  [inspect.custom]: { value: () => '[secret]' },
  toJSON: { value: () => ({}) },
  toString: { value: () => '[secret]' },
  hasOwnProperty: { value: Object.prototype.hasOwnProperty },
});

function unshown<T extends object>(secret: T): T {
  return Object.assign(Object.create(unshownPrototype) as T, secret);
}

function urlOf({ baseUrl, terminalId }: Phoenix, call: PhoenixCall): string {
  const path = call.path ?? 'sente/xpayment';
  assertPlain('path', /^\w+(\/\w+)*$/.test(path));
  const query = call.method === 'GET' ? Object.entries({ terminalId, ...call.query }) : [];
  for (const [name, value] of query) assertPlain(`query.${name}`, isPlainId(name) && isPlainId(value));
  const search = query.map((pair) => pair.join('=')).join('&');
  return `${baseUrl}/${path}${search && `?${search}`}`;
}

function signedPayment({ terminalId, amountForm }: Phoenix, payment: PhoenixPayment): SignedPayment {
  const { amount, requestReference, customerId, paymentCode } = payment;
  assertPlain('requestReference', isPlainId(requestReference));
  assertPlain('customerId', isText(customerId));
  assertPlain('paymentCode', isText(paymentCode));
  return { amount: amountText(amount, amountForm), terminalId, requestReference, customerId, paymentCode };
}

function bodyOf(
  { terminalId }: Phoenix,
  call: PhoenixCall,
  payment: SignedPayment | undefined,
  encrypt: (text: string) => string,
): string | undefined {
  if (call.method === 'GET') return undefined;
  const fields: Readonly<Record<string, unknown>> = 'payment' in call ? call.payment : call.body;
  const { otp } = fields;
  return stringify({
    ...fields,
    ...(isText(otp) ? { otp: encrypt(otp) } : {}),
    ...(payment ? { amount: new LosslessNumber(payment.amount) } : {}),
    terminalId,
  });
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function assertPlain(name: string, isPlain: boolean): void {
  if (!isPlain) throw new ConfigurationError([`${name}: it would not arrive as it was signed`]);
}
