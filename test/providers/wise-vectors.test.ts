// The computed vectors of Wise: ids, keys, signatures, balances, look-ups and answers to fundings, byte for byte.
import { createHash, createPublicKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { type WiseOptions, wise, wiseCustomerTransactionId } from 'payout-guard/providers/wise';
import { publicKeys } from '../../src/providers/wise/public-keys.js';
import { quick } from './support.js';
import {
  answeringServer,
  type BalanceVector,
  expectBalance,
  type LookupVector,
  readVectors,
  type SignatureVector,
} from './vectors.js';

interface Vectors {
  readonly customerTransactionIds: { readonly cases: readonly { readonly reference: string; readonly uuid: string }[] };
  readonly publishedKeys: { readonly production: string; readonly sandbox: string };
  readonly publicKeyPem: string;
  readonly signatures: readonly SignatureVector[];
  readonly balances: readonly BalanceVector<{ readonly currency: string }>[];
  readonly lookups: readonly LookupVector[];
  readonly fundAnswers: readonly { readonly id: string; readonly body: string }[];
}

const vectors = readVectors<Vectors>('wise');
const { signal } = new AbortController();
const open = (options: Partial<WiseOptions> = {}) =>
  wise({ apiToken: 'token', profileId: 500, publicKey: vectors.publicKeyPem, ...quick, ...options });

const { server, answer } = answeringServer();

describe('the vectors of wise', () => {
  it.each(vectors.customerTransactionIds.cases)('derive the id of $reference', ({ reference, uuid }) => {
    expect(wiseCustomerTransactionId(reference)).toBe(uuid);
  });

  it('have the fingerprints of the published keys', () => {
    const fingerprint = (pem: string) =>
      createHash('sha256')
        .update(createPublicKey(pem).export({ type: 'spki', format: 'der' }))
        .digest('hex');
    const { production, sandbox } = vectors.publishedKeys;
    expect([publicKeys.live, publicKeys.test].map(fingerprint)).toEqual([production, sandbox]);
  });

  it.each(vectors.signatures)('accept or refuse the signature $id', async ({ header, body, value, valid }) => {
    const { webhook } = open({ referenceOf: (id) => `transfer ${id}` });
    const event = await webhook?.read(Buffer.from(body), { [header.toLowerCase()]: value });
    expect(event).toEqual(valid ? { reference: 'transfer 90010001' } : undefined);
  });

  it.each(vectors.balances)('read or refuse the balance $id', async (vector) => {
    answer(vector.body);
    const { currency } = vector.select;
    await expectBalance(open({ baseUrl: server().url }).fetchBalance({ currency, signal }), vector);
  });

  it.each(vectors.lookups)('read the look-up $id', async ({ status, body, reference, outcome, debited }) => {
    answer(body, status);
    const provider = open({ baseUrl: server().url, transferIdOf: () => 90010001 });
    const read = await provider.lookup?.({ reference, currency: 'GBP', sentAtMs: 0, signal });
    expect(server().requests.at(-1)?.path).toBe('/v1/transfers/90010001');
    expect(read).toEqual({ outcome, ...(debited === undefined ? {} : { debited }) });
  });

  it.each(vectors.fundAnswers)('are no verdict: the answer $id to a funding names no transfer', ({ body }) => {
    expect(open().verdictOfResult?.(JSON.parse(body), { reference: 'po_1001' })).toBeUndefined();
  });
});
