// The cryptography of a Phoenix session: how both sides agree on a key, and what is encrypted with it.
// Source: the vendor's sample client and its ports. No step uses a key derivation function.
import {
  constants,
  createCipheriv,
  createECDH,
  createHash,
  type KeyObject,
  privateDecrypt,
  randomBytes,
} from 'node:crypto';
import { rsaSignature } from './signing.js';

/** The form of the public half of a session key: 33 or 65 bytes. Phoenix accepts both. */
export type PointForm = 'compressed' | 'uncompressed';

/** The form of the password's hash. Phoenix compares the text, so use the form of registration. */
export type PasswordForm = 'base64' | 'upperHex' | 'base64OfHex';

/** A key for one session. */
export interface SessionKeyPair {
  /** Base64 of the point, to be sent as `clientSessionPublicKey`. */
  readonly publicKey: string;
  /**
   * The terminal key: the X coordinate shared with the server's point (base64), 32 bytes, leading zeros included.
   * @throws an error of node:crypto when that is no point of P-256.
   */
  readonly terminalKey: (serverPublicKey: string) => Buffer;
}

/** A new P-256 key pair, or the one of a given private scalar of 32 bytes. */
export function sessionKeyPair(form: PointForm = 'compressed', privateScalar?: Uint8Array): SessionKeyPair {
  const key = createECDH('prime256v1');
  if (privateScalar) key.setPrivateKey(privateScalar);
  else key.generateKeys();
  return {
    publicKey: key.getPublicKey('base64', form),
    terminalKey: (serverPublicKey) => key.computeSecret(Buffer.from(serverPublicKey, 'base64')),
  };
}

/** AES-256-CBC of the UTF-8 bytes under the terminal key, in base64, behind its initialisation vector of 16 bytes. */
export function encryptedText(terminalKey: Uint8Array, text: string, iv: Uint8Array = randomBytes(16)): string {
  const cipher = createCipheriv('aes-256-cbc', terminalKey, iv);
  return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final()]).toString('base64');
}

/**
 * Decrypts a text that Phoenix encrypted for the client: RSA-OAEP with SHA-256.
 * @throws an error of node:crypto when it was encrypted for another key.
 */
export function decryptedText(privateKey: KeyObject, cipherText: string): string {
  const how = { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
  return privateDecrypt(how, Buffer.from(cipherText, 'base64')).toString('utf8');
}

/** SHA-512 of the trimmed password as text. As good as the password itself: keep it as secret. */
export function passwordHash(password: string, form: PasswordForm = 'base64'): string {
  const hash = createHash('sha512').update(password.trim(), 'utf8').digest();
  if (form === 'upperHex') return hash.toString('hex').toUpperCase();
  return form === 'base64' ? hash.toString('base64') : Buffer.from(hash.toString('hex')).toString('base64');
}

/** The field `password` of a key exchange: a proof of the password that is valid for this exchange only. */
export function passwordProof(
  exchange: { readonly passwordHash: string; readonly requestReference: string; readonly serialId: string },
  privateKey: KeyObject,
): string {
  return rsaSignature(exchange.passwordHash + exchange.requestReference + exchange.serialId, privateKey);
}
