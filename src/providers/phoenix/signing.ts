// The headers of a call, signed with the client's RSA key.
// Source: the vendor's sample client and its ports, which agree on all of it but the form of the timestamp.
import { type KeyObject, randomUUID, sign } from 'node:crypto';

/** The signer of a call. The secret is the one that registration returned; it is used as text and never decoded. */
export interface PhoenixSigner {
  readonly clientId: string;
  readonly clientSecret: string;
  /** The RSA private key whose public half was registered. */
  readonly privateKey: KeyObject;
}

/** Fields that the signature of a payment covers besides the call itself. */
export interface SignedPayment {
  /** Exactly as it stands in the body: see {@link amountText}. */
  readonly amount: string;
  readonly terminalId: string;
  readonly requestReference: string;
  readonly customerId: string;
  readonly paymentCode: string;
}

/** One call as it goes out. */
export interface CallToSign {
  readonly method: 'GET' | 'POST';
  /** The whole URL with its query, exactly as it is sent. */
  readonly url: string;
  /** See {@link timestampText}. */
  readonly timestamp: string;
  /**
   * 32 hexadecimal digits in lower case.
   * @defaultValue a random UUID without dashes
   */
  readonly nonce?: string | undefined;
  readonly payment?: SignedPayment | undefined;
  /**
   * The token of the session, encrypted with its terminal key.
   * @defaultValue empty, as for a registration and a key exchange
   */
  readonly authToken?: string | undefined;
}

/** `seconds` since 1970, or `iso` with milliseconds, as two independent clients send it. */
export type TimestampForm = 'seconds' | 'iso';

export function timestampText(nowMs: number, form: TimestampForm = 'seconds'): string {
  return form === 'iso' ? new Date(nowMs).toISOString() : String(Math.floor(nowMs / 1_000));
}

/** The headers that authenticate a call. They are secrets: keep them out of logs. */
export function signedHeaders(signer: PhoenixSigner, call: CallToSign): Record<string, string> {
  const nonce = call.nonce ?? randomUUID().replaceAll('-', '');
  return {
    Authorization: `InterswitchAuth ${Buffer.from(signer.clientId).toString('base64')}`,
    Timestamp: call.timestamp,
    Nonce: nonce,
    Signature: rsaSignature(signatureBase(signer, { ...call, nonce }), signer.privateKey),
    AuthToken: call.authToken ?? '',
  };
}

/** The text that is signed. It contains the client secret. */
export function signatureBase(
  { clientId, clientSecret }: Omit<PhoenixSigner, 'privateKey'>,
  { method, url, timestamp, nonce = '', payment }: CallToSign,
): string {
  const five = payment && [
    payment.amount,
    payment.terminalId,
    payment.requestReference,
    payment.customerId,
    payment.paymentCode,
  ];
  return [method, formEncoded(url), timestamp, nonce, clientId, clientSecret, ...(five ?? [])].join('&');
}

/** RSASSA-PKCS1-v1_5 with SHA-256 over the UTF-8 bytes, in base64. */
export function rsaSignature(text: string, privateKey: KeyObject): string {
  return sign('sha256', Buffer.from(text), privateKey).toString('base64');
}

/** As Java's form encoder, which the vendor's client uses, writes a URL. */
function formEncoded(url: string): string {
  const escaped = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(url)
    .replaceAll('%20', '+')
    .replace(/[!'()~]/g, escaped);
}
