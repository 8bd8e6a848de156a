// The building blocks of Phoenix against vectors checked with another implementation (the JDK's).
import { createPrivateKey, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  amountText,
  decryptedText,
  encryptedText,
  passwordHash,
  passwordProof,
  rsaSignature,
  sessionKeyPair,
  signatureBase,
  signedHeaders,
  timestampText,
} from 'payout-guard/providers/phoenix';

const vectors = JSON.parse(readFileSync('test/providers/phoenix-vectors.json', 'utf8'));
const { credentials } = vectors;
const der = (base64: string) => Buffer.from(base64, 'base64');
const privateKey = createPrivateKey({ key: der(vectors.rsa.privateKeyPkcs8Base64), format: 'der', type: 'pkcs8' });
const publicKey = createPublicKey({ key: der(vectors.rsa.publicKeySpkiBase64), format: 'der', type: 'spki' });

interface SignatureVector {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly timestamp: string;
  readonly nonce: string;
  readonly clientSecretUsed: string;
  readonly additional: string;
  readonly baseString: string;
  readonly signatureBase64: string;
}

function callOf({ method, url, timestamp, nonce, additional }: SignatureVector) {
  // The vendor's client signs the https form of a call over http.
  const call = { method, url: url.replace(/^http:/, 'https:'), timestamp, nonce };
  if (additional === '') return call;
  const [amount = '', terminalId = '', requestReference = '', customerId = '', paymentCode = ''] =
    additional.split('&');
  return { ...call, payment: { amount, terminalId, requestReference, customerId, paymentCode } };
}

describe('a signature', () => {
  const cases: [string, SignatureVector][] = vectors.signatures.map((vector: SignatureVector) => [vector.name, vector]);

  it.each(cases)('of %s', (_, vector) => {
    const { clientId, [vector.clientSecretUsed]: clientSecret } = credentials;
    const signer = { clientId, clientSecret, privateKey };
    expect(signatureBase(signer, callOf(vector))).toBe(vector.baseString);
    expect(rsaSignature(vector.baseString, privateKey)).toBe(vector.signatureBase64);
    expect(signedHeaders(signer, callOf(vector))).toEqual({
      Authorization: vectors.authorizationHeader.value,
      Timestamp: vector.timestamp,
      Nonce: vector.nonce,
      Signature: vector.signatureBase64,
      AuthToken: '',
    });
    const signature = der(vector.signatureBase64);
    expect(verify('sha256', Buffer.from(vector.baseString), publicKey, signature)).toBe(true);
  });

  it('has a nonce of its own each time: 32 hexadecimal digits', () => {
    const call = { method: 'GET', url: 'https://h/', timestamp: '1' } as const;
    const nonces = Array.from({ length: 100 }, () => signedHeaders({ ...credentials, privateKey }, call).Nonce);
    for (const nonce of nonces) expect(nonce).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(nonces).size).toBe(100);
  });

  it('escapes a URL as Java does', () => {
    const call = { method: 'GET', url: "https://h/a b!'()~*-._?é", timestamp: '1', nonce: '2' } as const;
    expect(signatureBase({ clientId: 'c', clientSecret: 's' }, call)).toBe(
      'GET&https%3A%2F%2Fh%2Fa+b%21%27%28%29%7E*-._%3F%C3%A9&1&2&c&s',
    );
  });

  it('is of whole seconds, or of ISO 8601', () => {
    expect([timestampText(1_732_204_800_999), timestampText(1_732_204_800_000, 'iso')]).toEqual([
      '1732204800',
      '2024-11-21T16:00:00.000Z',
    ]);
  });
});

describe('the password', () => {
  const { clear, sha512Base64OfRawBytes, alternativesSeenInOtherClients, keyExchange } = vectors.password;

  it('is hashed in three forms, without blanks around it', () => {
    expect(passwordHash(clear)).toBe(sha512Base64OfRawBytes);
    expect(passwordHash(` ${clear}\n`, 'base64')).toBe(sha512Base64OfRawBytes);
    expect(passwordHash(clear, 'upperHex')).toBe(alternativesSeenInOtherClients.uppercaseHex);
    expect(passwordHash(clear, 'base64OfHex')).toBe(alternativesSeenInOtherClients.base64OfLowercaseHexText);
  });

  it('is proven with a reference and the device', () => {
    const { requestReference, serialId, clearText, passwordFieldBase64 } = keyExchange;
    const proof = { passwordHash: passwordHash(clear), requestReference, serialId };
    expect(proof.passwordHash + requestReference + serialId).toBe(clearText);
    expect(passwordProof(proof, privateKey)).toBe(passwordFieldBase64);
  });
});

describe('the terminal key', () => {
  it.each(['ecdh', 'ecdhLeadingZero'])('of vector %s is 32 bytes on both sides, from either form of point', (name) => {
    const { client, server, sharedSecretHex } = vectors[name];
    for (const [own, other] of [
      [client, server],
      [server, client],
    ]) {
      const scalar = der(own.privateScalarBase64);
      const compressed = sessionKeyPair('compressed', scalar);
      const uncompressed = sessionKeyPair('uncompressed', scalar);
      expect(compressed.publicKey).toBe(own.publicCompressedBase64);
      expect(uncompressed.publicKey).toBe(own.publicUncompressedBase64);
      for (const point of [other.publicCompressedBase64, other.publicUncompressedBase64]) {
        const key = compressed.terminalKey(point);
        expect([key.length, key.toString('hex')]).toEqual([32, sharedSecretHex]);
        expect(uncompressed.terminalKey(point)).toEqual(key);
      }
    }
  });

  it('of a new pair each time is the same on both sides', () => {
    const [one, other] = [sessionKeyPair(), sessionKeyPair('uncompressed')];
    expect(one.terminalKey(other.publicKey)).toEqual(other.terminalKey(one.publicKey));
    expect(der(one.publicKey).length).toBe(33);
    expect(der(other.publicKey).length).toBe(65);
    expect(sessionKeyPair().publicKey).not.toBe(one.publicKey);
  });

  it.each([
    '',
    'AAAA',
    Buffer.from(`02${'ff'.repeat(32)}`, 'hex').toString('base64'),
    Buffer.alloc(65, 4).toString('base64'),
  ])('cannot come of %j, which is no point of the curve', (point) => {
    expect(() => sessionKeyPair().terminalKey(point)).toThrow();
  });
});

describe('what is encrypted', () => {
  const cases: [string, string, string, string][] = vectors.aes.cases.map(
    (vector: { name: string; plain: string; output: string; ivHex?: string }) => [
      vector.name,
      vector.plain,
      vector.ivHex ?? vectors.aes.ivHex,
      vector.output,
    ],
  );
  const key = der(vectors.aes.keyBase64);

  it.each(cases)('for Phoenix: %s', (_, plain, ivHex, output) => {
    expect(encryptedText(key, plain, Buffer.from(ivHex, 'hex'))).toBe(output);
    expect(encryptedText(key, plain)).not.toBe(encryptedText(key, plain));
  });

  it.each<[string, string, string]>(
    vectors.oaepDecryptOnly.cases.map((vector: { name: string; cipherBase64: string; plain: string }) => [
      vector.name,
      vector.cipherBase64,
      vector.plain,
    ]),
  )('by Phoenix: %s', (_, cipherText, plain) => {
    expect(decryptedText(privateKey, cipherText)).toBe(plain);
  });
});

describe('a key exchange', () => {
  it('of the vectors leads to their terminal key, token and AuthToken', () => {
    const { requestHeaders, requestBody, responseBody, clientMustDerive } = vectors.keyExchangeRoundTrip;
    const keyPair = sessionKeyPair('compressed', der(vectors.ecdh.client.privateScalarBase64));
    const { requestReference, serialId } = requestBody;
    expect(keyPair.publicKey).toBe(requestBody.clientSessionPublicKey);
    const proof = { passwordHash: passwordHash(credentials.accountPassword), requestReference, serialId };
    expect(passwordProof(proof, privateKey)).toBe(requestBody.password);
    const url = 'https://dev.interswitch.io/api/v1/phoenix/client/doKeyExchange';
    const { Timestamp: timestamp, Nonce: nonce } = requestHeaders;
    expect(signedHeaders({ ...credentials, privateKey }, { method: 'POST', url, timestamp, nonce })).toEqual(
      requestHeaders,
    );
    const { authToken, serverSessionPublicKey } = responseBody.response;
    const terminalKey = keyPair.terminalKey(decryptedText(privateKey, serverSessionPublicKey));
    const token = decryptedText(privateKey, authToken);
    expect({ terminalKeyBase64: terminalKey.toString('base64'), authToken: token }).toEqual(clientMustDerive);
    const header = vectors.aes.cases[0];
    expect(encryptedText(terminalKey, token, Buffer.from(vectors.aes.ivHex, 'hex'))).toBe(header.output);
  });
});

describe('an amount', () => {
  const cases: [string, string, string][] = vectors.amounts.map(
    ({ number, ...text }: { number: number; javaDoubleToString: string; jsToString: string }) => [
      text.jsToString,
      text.javaDoubleToString,
      String(number),
    ],
  );

  it.each(cases)('of %s is %s as a Java double', (plain, javaDouble, number) => {
    expect([amountText(plain), amountText(plain, 'javaDouble'), amountText(number, 'plain')]).toEqual([
      javaDouble,
      javaDouble,
      plain,
    ]);
  });

  it.each([
    ['00600', '600.0', '600'],
    ['600.00', '600.0', '600'],
    ['600.50', '600.5', '600.5'],
    ['0.50', '0.5', '0.5'],
    ['10000000.01', '1.000000001E7', '10000000.01'],
    ['12345678.50', '1.23456785E7', '12345678.5'],
    ['999999999999999', '9.99999999999999E14', '999999999999999'],
    ['9999999999999.99', '9.99999999999999E12', '9999999999999.99'],
    ['0.00', '0.0', '0'],
    ['0.0012', '0.0012', '0.0012'],
    ['0.00099', '9.9E-4', '0.00099'],
  ])('of %s is %s or %s', (amount, javaDouble, plain) => {
    expect([amountText(amount), amountText(amount, 'plain')]).toEqual([javaDouble, plain]);
  });

  it('is the same number in every form, and is written once', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 999_999_999_999_999 }),
        fc.integer({ min: 0, max: 6 }),
        (digits, decimals) => {
          const text = String(digits).padStart(decimals + 1, '0');
          const point = text.length - decimals;
          const amount = decimals === 0 ? text : `${text.slice(0, point)}.${text.slice(point)}`;
          const [javaDouble, plain] = [amountText(amount), amountText(amount, 'plain')];
          expect([Number(javaDouble), Number(plain)]).toEqual([Number(amount), Number(amount)]);
          expect(javaDouble).toMatch(/^(\d{1,7}\.\d+|\d\.\d+E-?\d+)$/);
          expect([amountText(plain), amountText(plain, 'plain')]).toEqual([javaDouble, plain]);
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each(['', '-1', '+1', '1e3', '1.0E7', '1,000', ' 1', '.5', '1.', 'NaN', '1000000000000000', '0.1234567890123456'])(
    'is not %j',
    (amount) => {
      expect(() => amountText(amount)).toThrow(expect.objectContaining({ code: 'invalid_amount' }));
      expect(() => amountText(amount, 'plain')).toThrow(expect.objectContaining({ code: 'invalid_amount' }));
    },
  );
});
