// Private RSA keys of simulators, in PEM form.
import { createPrivateKey, generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import * as z from 'zod';

export const rsaPrivateKey: z.ZodType<string> = z.string().refine(isRsaKey, 'pass an RSA private key in PEM');

export async function newRsaPrivateKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2_048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function isRsaKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    // No key in PEM form at all.
    return false;
  }
}
