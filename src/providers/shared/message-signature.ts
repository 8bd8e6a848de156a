// HTTP message signatures (RFC 9421) of requests that a provider posts: ECDSA on P-256, over named parts of the request
// and the digest of its body (RFC 9530).
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { headerOf, isSameText, type WebhookHeaders } from './webhook-signature.js';

export interface SignedRequest {
  /** The public URL of the route: a proxy may pass on another host or path than those that were signed. */
  readonly url: URL;
  readonly headers: WebhookHeaders;
  readonly rawBody: Uint8Array;
}

export interface MessageSignature {
  readonly keyId: string;
  /** The text that was signed. */
  readonly base: string;
  readonly bytes: Uint8Array;
}

/** Without these a signature leaves the route or the body open. */
const required = ['@method', '@path', 'content-digest'];

// One signature, and nothing that has two spellings: parameters of its parts and escaped text are refused.
const signatureInput =
  /^([a-z][a-z0-9_.*-]*)=(\(("[a-z0-9@-]+"(?: "[a-z0-9@-]+")*)\)((?:;[a-z]+=(?:"[^"\\]*"|\d+))*))$/;
const parameter = /;([a-z]+)=(?:"([^"\\]*)"|(\d+))/g;

/**
 * Reads the signature of a POST request, and the text that it has to fit. Returns undefined if it is missing, expired
 * or of another kind, covers too little, or if the body is not the one whose digest was signed.
 */
export function readMessageSignature(request: SignedRequest, nowMs: number): MessageSignature | undefined {
  const [, label, signed = '', names = '', rest = ''] =
    signatureInput.exec(headerOf(request.headers, 'signature-input') ?? '') ?? [];
  const given = /^([^=]+)=:([A-Za-z0-9+/]+={0,2}):$/.exec(headerOf(request.headers, 'signature') ?? '');
  if (label === undefined || given?.[1] !== label) return undefined;

  const parameters = new Map([...rest.matchAll(parameter)].map(([, name, text, digits]) => [name, text ?? digits]));
  const keyId = parameters.get('keyid');
  const isCurrent = Number(parameters.get('expires') ?? Number.NaN) * 1_000 >= nowMs;
  if (keyId === undefined || parameters.get('alg') !== 'ecdsa-p256-sha256' || !isCurrent) return undefined;

  const parts = names.slice(1, -1).split('" "');
  if (!required.every((name) => parts.includes(name)) || !hasSignedBody(request)) return undefined;
  const base = signatureBase(request, parts, signed);
  return base === undefined ? undefined : { keyId, base, bytes: Buffer.from(given[2] ?? '', 'base64') };
}

function signatureBase(request: SignedRequest, parts: readonly string[], signed: string): string | undefined {
  const lines: string[] = [];
  for (const part of parts) {
    const value = part.startsWith('@') ? derived(part, request.url) : headerOf(request.headers, part)?.trim();
    if (value === undefined) return undefined;
    lines.push(`"${part}": ${value}`);
  }
  return [...lines, `"@signature-params": ${signed}`].join('\n');
}

function derived(part: string, url: URL): string | undefined {
  return { '@method': 'POST', '@authority': url.host, '@path': url.pathname }[part];
}

/** Compares every digest in `Content-Digest` with the body. */
function hasSignedBody({ headers, rawBody }: SignedRequest): boolean {
  const digests = headerOf(headers, 'content-digest')?.split(/, ?/) ?? [];
  return digests.length > 0 && digests.every((digest) => isSameText(digest, digestOf(digest, rawBody)));
}

/** The digest of the body by the algorithm that a given one names, or nothing for any other. */
function digestOf(given: string, rawBody: Uint8Array): string {
  const [, bits] = /^sha-(256|512)=:/.exec(given) ?? [];
  return bits === undefined ? '' : `sha-${bits}=:${createHash(`sha${bits}`).update(rawBody).digest('base64')}:`;
}

/** The key in a PEM text, if it is a public key on P-256. */
export function p256Key(pem: string): KeyObject | undefined {
  try {
    const key = createPublicKey(pem);
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined;
  } catch {
    // Not a key in PEM form.
    return undefined;
  }
}

/** Verifies a signature of 64 bytes, as the RFC has it, or in DER, as the crypto module of Node.js makes it. */
export function isSignedWith(key: KeyObject, { base, bytes }: MessageSignature): boolean {
  const text = Buffer.from(base);
  return (['ieee-p1363', 'der'] as const).some((dsaEncoding) => verify('sha256', text, { key, dsaEncoding }, bytes));
}
