// The registration of a terminal, once in its life: two steps, the second of which returns the secret that signs from
// then on. Neither is ever repeated by itself: a second secret would leave the first one dead, or both.
import { createPublicKey, randomUUID } from 'node:crypto';
import * as z from 'zod';
import { ProviderClient } from '../shared/provider-client.js';
import { decrypting, encrypted, openedSession, shakeHands } from './handshake.js';
import { type PhoenixOptions, readPhoenix } from './options.js';
import { completedAnswer, registrationAnswer } from './schema.js';
import { decryptedText, passwordHash, sessionKeyPair } from './session-keys.js';

const secretText = z.string().regex(/^[\x21-\x7e]+$/);

/** The owner of a terminal. Which of these Phoenix needs is not documented. */
export interface PhoenixProfile {
  readonly name?: string | undefined;
  readonly phoneNumber?: string | undefined;
  /** National identification number. */
  readonly nin?: string | undefined;
  readonly gender?: string | undefined;
  readonly emailAddress?: string | undefined;
  readonly ownerPhoneNumber?: string | undefined;
}

/** Options of a registration. */
export interface PhoenixRegistration {
  readonly profile?: PhoenixProfile | undefined;
  /** Asked for the one-time code, once the first step was approved. API clients are not sent one: then it is `''`. */
  readonly otp?: (() => string | Promise<string>) | undefined;
  /** Ends it. The terminal may be registered all the same. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Registers a terminal.
 *
 * @param options - As for `phoenix`, with the secret that Interswitch issued and a new RSA key, which must be kept:
 *   save it before. `maxAttempts` is ignored.
 * @returns the secret that signs from now on. Phoenix returns it once: it cannot be read again.
 * @throws `BalanceUnavailableError` with the reason of a refusal, or of what went wrong. After the first step, once
 *   `otp` was called, there may be a new secret that is lost.
 * @throws `ConfigurationError` naming every problem of the options.
 */
export async function registerTerminal(
  options: PhoenixOptions,
  { profile = {}, otp, signal = new AbortController().signal }: PhoenixRegistration = {},
): Promise<{ readonly clientSecret: string }> {
  const phoenix = readPhoenix({ gprsCoordinate: '', ...options, maxAttempts: 1 });
  const client = new ProviderClient(phoenix.network);
  const keyPair = sessionKeyPair(phoenix.pointForm);
  const publicKey = createPublicKey(phoenix.privateKey).export({ type: 'spki', format: 'der' }).toString('base64');
  const first = await client.run(signal, async (exchange) => {
    const keys = { publicKey, clientSessionPublicKey: keyPair.publicKey };
    const fields = { ...profile, requestReference: randomUUID(), ...keys };
    const call = { path: 'clientRegistration', fields, schema: registrationAnswer };
    const given = await shakeHands(exchange, phoenix, call);
    return { ...openedSession(phoenix, keyPair, given), transactionReference: given.transactionReference };
  });

  const code = await otp?.();
  const { terminalKey, token, transactionReference } = first;
  return client.run(signal, async (exchange) => {
    const fields = {
      requestReference: randomUUID(),
      transactionReference,
      password: encrypted(phoenix, terminalKey, passwordHash(phoenix.password, phoenix.passwordForm)),
      ...(code ? { otp: encrypted(phoenix, terminalKey, code) } : {}),
    };
    const authToken = encrypted(phoenix, terminalKey, token);
    const call = { path: 'completeClientRegistration', fields, schema: completedAnswer, authToken };
    const given = await shakeHands(exchange, phoenix, call);
    return { clientSecret: decrypting(() => secretText.parse(decryptedText(phoenix.privateKey, given.clientSecret))) };
  });
}
