// The server's half of the cryptography of Phoenix. It shares no code with the adapter, so that the two cannot be wrong
// together.
import {
  constants,
  createDecipheriv,
  createECDH,
  createHash,
  createPublicKey,
  type KeyObject,
  publicEncrypt,
  randomBytes,
  verify,
} from 'node:crypto';

/** The encoding of a server's point. */
export type PhoenixPoint = 'compressed' | 'uncompressed';

/** RSA-OAEP, SHA-256 in both places, in base64. */
export function encryptFor(publicKey: KeyObject, text: string): string {
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  return publicEncrypt({ key: publicKey, padding, oaepHash: 'sha256' }, Buffer.from(text)).toString('base64');
}

/** Decrypts a client's text with the terminal key, behind any initialisation vector; undefined if that fails. */
export function decryptFrom(terminalKey: Buffer, text: string): string | undefined {
  const bytes = Buffer.from(text, 'base64');
  try {
    const decipher = createDecipheriv('aes-256-cbc', terminalKey, bytes.subarray(0, 16));
    return Buffer.concat([decipher.update(bytes.subarray(16)), decipher.final()]).toString('utf8');
  } catch {
    // Too short, cut off, or encrypted with another key.
    return undefined;
  }
}

export function isSigned(text: string, signature: string, publicKey: KeyObject): boolean {
  return verify('sha256', Buffer.from(text), publicKey, Buffer.from(signature, 'base64'));
}

/** Base64 of SPKI, or PEM; undefined for anything but an RSA key. */
export function readPublicKey(text: string): KeyObject | undefined {
  try {
    const key = text.includes('-----')
      ? createPublicKey(text)
      : createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'rsa' ? key : undefined;
  } catch {
    return undefined;
  }
}

/** The server's side of an agreement on a key; undefined when the client's point is none. */
export function agreement(
  clientPoint: string,
  how: { readonly point: PhoenixPoint; readonly leadingZeroKeys: boolean },
): { readonly serverPoint: string; readonly terminalKey: Buffer } | undefined {
  const key = createECDH('prime256v1');
  const client = Buffer.from(clientPoint, 'base64');
  try {
    for (;;) {
      key.generateKeys();
      const terminalKey = key.computeSecret(client);
      // One key of 256 begins like this by itself.
      if (!how.leadingZeroKeys || terminalKey[0] === 0) {
        return { serverPoint: key.getPublicKey('base64', how.point), terminalKey };
      }
    }
  } catch {
    return undefined;
  }
}

/** 60 characters, as one of the real ones had. */
export function newToken(): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
  return Array.from(randomBytes(60), (byte) => letters[byte % letters.length]).join('');
}

/** Base64 of 32 bytes. */
export function newSecret(): string {
  return randomBytes(32).toString('base64');
}

/** The text that a client registered as its password. */
export function storedPassword(password: string, form: 'base64' | 'upperHex' | 'base64OfHex'): string {
  const hash = createHash('sha512').update(password.trim()).digest();
  const hex = hash.toString('hex');
  return { base64: hash.toString('base64'), upperHex: hex.toUpperCase(), base64OfHex: btoa(hex) }[form];
}
