// Sentences of Interswitch Uganda and of the service in front of it that are known word for word. Only these may appear
// in an error: any other text of an answer may hold a secret.
import { HttpFailure } from '../../http/failure.js';
import { parseJson } from '../../http/json.js';

/** A terminal cannot be registered twice. */
export const alreadyRegistered = 'Client is already Authorised to transact';

const known: readonly string[] = [
  alreadyRegistered,
  'An error occurred on ECDH key exchange, probably wrong ecdh publicKey format shared',
  'We failed to decrypt your hashed password',
];

/** Returns the message of a refusal if it is a known sentence. */
export function knownSentence(message: unknown): string | undefined {
  return known.find((sentence) => sentence === message);
}

/** The documented sentence of a service whose key exchange failed. It comes in place of a balance, with status 200. */
const noBalance = 'Cannot Continue with balance Check,Key Exchange failed';

/** That sentence about any call of the service. */
const keyExchangeFailed = /^Cannot Continue with [A-Za-z ]{1,40}, ?Key Exchange failed\.?$/;

/**
 * Parses an answer of the service. @throws `HttpFailure`: `unauthorized` for the sentence of a failed key exchange.
 */
export function parseServiceAnswer(text: string): unknown {
  const sentence = text.trim();
  if (!keyExchangeFailed.test(sentence)) return parseJson(text);
  const detail = sentence === noBalance ? noBalance : 'Key Exchange failed';
  throw new HttpFailure({ kind: 'answer', reason: 'unauthorized', detail, retryable: false });
}
