// The Phoenix side for tests that need a single answer. Written with node:crypto alone.
import { constants, createECDH, createPrivateKey, createPublicKey, publicEncrypt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { PhoenixCredentials } from 'payout-guard/testing';

const { rsa } = JSON.parse(readFileSync('test/providers/phoenix-vectors.json', 'utf8'));
const key = createPrivateKey({ key: Buffer.from(rsa.privateKeyPkcs8Base64, 'base64'), format: 'der', type: 'pkcs8' });

/** A client with the key of the test vectors. */
export const phoenixCredentials: PhoenixCredentials = {
  clientId: 'IKIATEST',
  clientSecret: 'secret-of-the-client',
  terminalId: '3TST0001',
  serialId: 'device-1',
  appVersion: 'v1',
  password: 'password-of-the-account',
  privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
};

/** The answer to a key exchange of that client, with any signature, and the terminal key of both sides. */
export function exchangedKeys(body: string, token = 'TOKEN'): { answer: string; terminalKey: Buffer } {
  const server = createECDH('prime256v1');
  const { clientSessionPublicKey, requestReference } = JSON.parse(body);
  server.generateKeys();
  const terminalKey = server.computeSecret(Buffer.from(clientSessionPublicKey, 'base64'));
  const how = { key: createPublicKey(key), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
  const encrypted = (text: string) => publicEncrypt(how, Buffer.from(text)).toString('base64');
  const serverSessionPublicKey = encrypted(server.getPublicKey('base64', 'compressed'));
  const response = { authToken: encrypted(token), serverSessionPublicKey, requiresOtp: false, terminalKey: null };
  const answer = { responseCode: '90000', responseMessage: 'TRANSACTION APPROVED', requestReference, response };
  return { answer: JSON.stringify(answer), terminalKey };
}

/** A `fetch` that answers key exchanges, so that a test receives the other calls only. */
export const answeringKeyExchanges: typeof fetch = async (input, init) =>
  String(input).endsWith('/client/doKeyExchange')
    ? new Response(exchangedKeys(String(init?.body)).answer)
    : fetch(input, init);
