// The vectors of pawaPay that no other provider has: derived ids, digests, signed callbacks, answers to payouts.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type PawapayOptions, pawapay, pawapayPayoutId } from 'payout-guard/providers/pawapay';
import { readMessageSignature } from '../../src/providers/shared/message-signature.js';
import { closeAll, quick, type RawServer, send, startServer } from './support.js';

interface SignatureVector {
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signatureBase?: string;
  /** In seconds. */
  readonly now: number;
  readonly valid: boolean;
}

interface Vectors {
  readonly payoutIds: { readonly cases: readonly { readonly reference: string; readonly uuid: string }[] };
  readonly publicKeyPem: string;
  readonly digests: readonly { readonly id: string; readonly body: string; readonly value: string }[];
  readonly signatures: readonly SignatureVector[];
  readonly createAnswers: readonly { readonly id: string; readonly body: string }[];
}

const vectors: Vectors = JSON.parse(readFileSync(new URL('vectors/pawapay.json', import.meta.url), 'utf8'));
const keyId = 'EXAMPLE_EC_P256_KEY:1';

let server: RawServer;
let keys: unknown[] = [];

beforeAll(async () => {
  server = await startServer((response, { url }) =>
    send(response, JSON.stringify(keys), url === '/v2/public-key/http' ? 200 : 404),
  );
});
afterAll(closeAll);

const open = (options: Partial<PawapayOptions>) =>
  pawapay({ apiToken: 'token', country: 'UGA', baseUrl: server.url, ...quick, ...options });

/** The URL of the route and the headers of a request, which a vector has in one record. */
function requestOf({ headers }: SignatureVector) {
  const { method, authority = 'hooks.example.com', path = '/pawapay/payouts', ...rest } = headers;
  expect(method ?? 'POST').toBe('POST');
  return { callbackUrl: `https://${authority}${path}`, headers: rest };
}

describe('the vectors of pawapay', () => {
  it.each(vectors.payoutIds.cases)('derive the id of $reference', ({ reference, uuid }) => {
    expect(pawapayPayoutId(reference)).toBe(uuid);
  });

  it.each(vectors.digests)('fit a body to its digest $id, and no other', ({ body, value }) => {
    const [signed] = vectors.signatures;
    if (!signed) throw new Error('there is no vector of a signature');
    const { callbackUrl, headers } = requestOf(signed);
    const read = (text: string) =>
      readMessageSignature(
        { url: new URL(callbackUrl), headers: { ...headers, 'content-digest': value }, rawBody: Buffer.from(text) },
        signed.now * 1_000,
      );
    expect(read(body)?.keyId).toBe(keyId);
    expect(read(`${body} `)).toBeUndefined();
  });

  it.each(vectors.signatures.filter(({ signatureBase }) => signatureBase))('sign the text of $id', (vector) => {
    const { callbackUrl, headers } = requestOf(vector);
    const request = { url: new URL(callbackUrl), headers, rawBody: Buffer.from(vector.body) };
    expect(readMessageSignature(request, vector.now * 1_000)?.base).toBe(vector.signatureBase);
  });

  it.each(vectors.signatures)('accept or refuse the signature $id', async (vector) => {
    keys = [{ id: keyId, key: vectors.publicKeyPem }];
    const { callbackUrl, headers } = requestOf(vector);
    const { webhook } = open({ callbackUrl, clock: { now: () => vector.now * 1_000 } });
    const event = await webhook?.read(Buffer.from(vector.body), headers);
    expect(event).toEqual(vector.valid ? { reference: 'po_1001' } : undefined);
  });

  it.each(vectors.createAnswers)('judge the answer $id', ({ id, body }) => {
    const verdicts: Record<string, string> = { accepted: 'pending', 'out-of-funds': 'failed', duplicate: 'unknown' };
    const { verdictOfResult } = open({});
    expect(verdictOfResult?.(JSON.parse(body), { reference: 'po_1001' })).toBe(verdicts[id]);
    expect(verdictOfResult?.(JSON.parse(body), { reference: 'po_1002' })).toBeUndefined();
  });
});
