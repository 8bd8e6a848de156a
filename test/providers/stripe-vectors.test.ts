// The computed vectors of Stripe: signatures with their time, balances, look-ups and errors, byte for byte.
import { describe, expect, it } from '@jest/globals';
import { type StripeOptions, stripe } from 'payout-guard/providers/stripe';
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
  readonly signatures: readonly (Omit<SignatureVector, 'header'> & {
    readonly header?: string;
    readonly key: string;
    readonly now: number;
  })[];
  readonly balances: readonly BalanceVector<{ readonly currency: string; readonly sourceType?: 'card' }>[];
  readonly lookups: readonly LookupVector[];
  readonly createErrors: readonly { readonly id: string; readonly body: string }[];
}

const { signatures, balances, lookups, createErrors } = readVectors<Vectors>('stripe');
const header = signatures[0]?.header?.toLowerCase() ?? '';
const { signal } = new AbortController();
const open = (options: Partial<StripeOptions>) => stripe({ secretKey: 'sk_live_0123', ...quick, ...options });

const { server, answer } = answeringServer();

describe('the vectors of stripe', () => {
  it.each(signatures)('accept or refuse the signature $id', async ({ key, body, value, now, valid }) => {
    const clock = { now: () => now * 1_000 };
    const { webhook } = open({ product: 'payouts', webhookSecret: key, clock });
    const event = await webhook?.read(Buffer.from(body), { [header]: value });
    expect(event).toEqual(valid ? { reference: 'po_1001' } : undefined);
  });

  it.each(balances)('read or refuse the balance $id', async (vector) => {
    answer(vector.body);
    const { currency, sourceType } = vector.select;
    await expectBalance(open({ baseUrl: server().url, sourceType }).fetchBalance({ currency, signal }), vector);
  });

  it.each(lookups)('read the look-up $id', async ({ id, status, body, reference, outcome, debited }) => {
    answer(body, status);
    const product = id.startsWith('payout') ? 'payouts' : 'transfers';
    const provider = open({ baseUrl: server().url, product });
    const read = await provider.lookup?.({ reference, currency: 'USD', sentAtMs: 1_764_061_200_000, signal });
    // The one that is on no page.
    const expected = outcome.startsWith('read the next page') ? 'unknown' : outcome;
    expect(read).toMatchObject({ outcome: expected, ...(debited === undefined ? {} : { debited }) });
  });

  it.each(createErrors)('are no verdict: the error $id names no payment', ({ body }) => {
    for (const product of ['transfers', 'payouts'] as const) {
      const { verdictOfResult } = open({ product });
      expect(verdictOfResult?.(JSON.parse(body), { reference: 'po_1001' })).toBeUndefined();
    }
  });
});
