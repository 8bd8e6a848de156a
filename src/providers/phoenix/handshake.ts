// The parts that a key exchange and a registration share.

import type { Exchange } from '../../http/client.js';
import { HttpFailure } from '../../http/failure.js';
import { readShape } from '../../http/json.js';
import { balanceMeaning, refusalOf } from '../interswitch/response-codes.js';
import { readEnvelope } from './envelope.js';
import type { Phoenix } from './options.js';
import type { SessionAnswer } from './schema.js';
import { decryptedText, encryptedText, type SessionKeyPair } from './session-keys.js';
import { signedHeaders, timestampText } from './signing.js';

/** The keys that prove a session. */
export interface SessionKeys {
  readonly terminalKey: Buffer;
  readonly token: string;
}

/** Posts these fields and returns what `response` holds. @throws `HttpFailure` unless it was approved. */
export async function shakeHands<T>(
  exchange: Exchange,
  phoenix: Phoenix,
  call: {
    readonly path: string;
    readonly fields: Readonly<Record<string, unknown>>;
    readonly schema: { parse(input: unknown): T };
    readonly authToken?: string | undefined;
  },
): Promise<T> {
  const { terminalId, serialId, appVersion, gprsCoordinate, network } = phoenix;
  const url = `${phoenix.baseUrl}/client/${call.path}`;
  const headers = signedHeaders(phoenix, {
    method: 'POST',
    url: signedUrl(url, phoenix),
    timestamp: timestampText(network.clock.now(), phoenix.timestamp),
    authToken: call.authToken,
  });
  const body = JSON.stringify({ terminalId, serialId, appVersion, gprsCoordinate, ...call.fields });
  const answer = readEnvelope(await exchange.send({ method: 'POST', url, headers, body }));
  if (balanceMeaning(answer.responseCode) !== 'ok') throw refusalOf(answer.responseCode, answer.responseMessage);
  return readShape(call.schema, answer.response, 'the answer is not a session');
}

/** The URL as it is signed. */
export function signedUrl(url: string, { signedScheme }: Pick<Phoenix, 'signedScheme'>): string {
  const { href } = new URL(url);
  return signedScheme === 'https' ? href.replace(/^http:/, 'https:') : href;
}

/** A text for the header `AuthToken` or a field, encrypted with the key of a session. */
export function encrypted({ tokenIv }: Pick<Phoenix, 'tokenIv'>, terminalKey: Buffer, text: string): string {
  return encryptedText(terminalKey, text, tokenIv === 'zero' ? Buffer.alloc(16) : undefined);
}

/** Token and terminal key out of an answer. */
export function openedSession(phoenix: Phoenix, keyPair: SessionKeyPair, given: SessionAnswer): SessionKeys {
  return decrypting(() => {
    const token = decryptedText(phoenix.privateKey, given.authToken);
    if (!/^[\x21-\x7e]{1,1024}$/.test(token)) throw new RangeError('no token');
    const point = decryptedText(phoenix.privateKey, given.serverSessionPublicKey);
    return { token, terminalKey: keyPair.terminalKey(point) };
  });
}

/** Returns what `work` decrypts. Its errors may hold a part of that, so only their kind is kept. */
export function decrypting<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new HttpFailure({ kind: 'shape', detail: 'the answer cannot be decrypted with our key' }, error);
  }
}
