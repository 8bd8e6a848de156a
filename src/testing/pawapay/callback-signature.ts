// Callbacks as pawaPay signs them: RFC 9421, with ECDSA on P-256.
import { createHash, type KeyObject, sign } from 'node:crypto';

/** Life of a signature, in seconds. */
const lifeSeconds = 60;

export interface CallbackSigner {
  readonly privateKey: KeyObject;
  readonly keyId: string;
}

export interface UnsignedCallback {
  readonly url: URL;
  readonly body: string | Uint8Array;
  readonly nowMs: number;
}

/** The headers of a callback, its signature among them. */
export function signedHeaders(signer: CallbackSigner, callback: UnsignedCallback): Record<string, string> {
  const headers = callbackHeaders(callback);
  const { url, nowMs } = callback;
  const parts = { '@method': 'POST', '@authority': url.host, '@path': url.pathname, ...headers };
  return { ...headers, ...signatureOf(signer.privateKey, parts, signatureParameters(signer.keyId, nowMs)) };
}

export function callbackHeaders({ body, nowMs }: UnsignedCallback): Record<string, string> {
  return {
    'signature-date': new Date(nowMs).toISOString(),
    'content-digest': `sha-512=:${createHash('sha512').update(body).digest('base64')}:`,
    'content-type': 'application/json; charset=UTF-8',
  };
}

export function signatureParameters(keyId: string, nowMs: number): string {
  const created = Math.floor(nowMs / 1_000);
  return `;alg="ecdsa-p256-sha256";keyid="${keyId}";created=${created};expires=${created + lifeSeconds}`;
}

/** Signs parts of a request in their order. */
export function signatureOf(
  privateKey: KeyObject,
  parts: Readonly<Record<string, string>>,
  parameters: string,
): Record<'signature-input' | 'signature', string> {
  const names = Object.keys(parts).map((name) => `"${name}"`);
  const input = `(${names.join(' ')})${parameters}`;
  const lines = Object.entries(parts).map(([name, value]) => `"${name}": ${value}`);
  const base = [...lines, `"@signature-params": ${input}`].join('\n');
  // The provider's own sample signs in DER, the default here.
  const signature = sign('sha256', Buffer.from(base), privateKey).toString('base64');
  return { 'signature-input': `sig-pp=${input}`, signature: `sig-pp=:${signature}:` };
}
