// The wire format of Phoenix: refusals, fields of a body, and the texts that a signature may cover.
import { isLosslessNumber, parse } from 'lossless-json';
import { plainDecimalText } from '../../core/money.js';
import { knownCode } from '../../providers/interswitch/response-codes.js';
import { amountText, walletAmount, writtenAmount } from '../interswitch/codec.js';
import type { Answer } from '../simulator/faults.js';
import { Refusal, type RouteRequest } from '../simulator/server.js';

/** Every answer is HTTP 200: nothing documents another status. */
export function phoenixAnswer(code: string, requestReference: string | null, message?: string): Answer {
  const responseMessage = message ?? textOf(code);
  return { status: 200, body: { responseCode: code, responseMessage, requestReference, response: null } };
}

/** To be thrown by a route. */
export function refusal(code: string, requestReference: string | null, message?: string): Refusal {
  return new Refusal(phoenixAnswer(code, requestReference, message));
}

function textOf(code: string): string {
  return (knownCode(code)?.text ?? 'AN ERROR OCCURED').split(' / ')[0] ?? '';
}

/** The texts and numbers of a JSON object, numbers as they are spelled. */
export type Fields = Readonly<Record<string, string | undefined>>;

/** The named fields of a body. @throws a refusal with 90030 when one of them is missing or empty. */
export function readFields<Name extends string>(
  request: RouteRequest,
  ...names: readonly Name[]
): Fields & Readonly<Record<Name, string>> {
  const fields = parsedFields(request.body);
  const missing = names.find((name) => !fields[name]);
  if (missing !== undefined) throw refusal('90030', fields.requestReference ?? null);
  return fields as Fields & Record<Name, string>;
}

function parsedFields(text: string): Fields {
  try {
    const entries = Object.entries(parse(text) as object).map(([name, value]) => [name, spelled(value)]);
    return Object.fromEntries(entries) as Fields;
  } catch {
    throw refusal('90030', null);
  }
}

function spelled(value: unknown): string | undefined {
  if (isLosslessNumber(value)) return value.value;
  return typeof value === 'string' ? value : undefined;
}

/** The spellings of an amount that a signature may have: that of Java, the plain one, or these and that of the body. */
export type SignedAmount = 'any' | 'javaDouble' | 'plain';

/** The spellings that a signature may have of an amount that is spelled like this in the body. */
export function signedAmounts(inBody: string, allowed: SignedAmount): readonly string[] {
  const { data: minor } = walletAmount.safeParse(plainDecimalText(inBody));
  if (minor === undefined) return [inBody];
  const javaDouble = String(writtenAmount({ amounts: 'javaDouble', shape: 'wrapped' }, minor));
  const plain = amountText(minor).replace(/(\.\d)0$/, '$1');
  return { any: [inBody, javaDouble, plain], javaDouble: [javaDouble], plain: [plain] }[allowed];
}

/** The forms of a URL that clients sign: with the scheme of a call over https, and escaped in one of two ways. */
export function signedUrls(
  { target, headers }: RouteRequest,
  { prefix, publicUrl }: { readonly prefix: string; readonly publicUrl?: string | undefined },
): readonly string[] {
  const urls = ['http', 'https'].map((scheme) => `${scheme}://${headers.host}${target}`);
  if (publicUrl !== undefined) urls.push(publicUrl + target.slice(prefix.length));
  return urls.flatMap((url) => [encodeURIComponent(url), javaEncoded(url)]);
}

function javaEncoded(url: string): string {
  // URLSearchParams leaves exactly those characters alone that Java's form encoder leaves alone.
  return new URLSearchParams([['', url]]).toString().slice(1);
}
