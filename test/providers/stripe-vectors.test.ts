// The computed vectors of Stripe: signatures with their time, balances, look-ups and errors, byte for byte.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type StripeOptions, stripe } from 'payout-guard/providers/stripe';
import { closeAll, failureOf, quick, type RawServer, send, startServer } from './support.js';

interface Vectors {
  readonly signatures: readonly {
    readonly id: string;
    readonly header?: string;
    readonly key: string;
    readonly body: string;
    readonly value: string;
    readonly now: number;
    readonly valid: boolean;
  }[];
  readonly balances: readonly {
    readonly id: string;
    readonly body: string;
    readonly select: { readonly currency: string; readonly sourceType?: 'card' };
    readonly available?: string;
  }[];
  readonly lookups: readonly {
    readonly id: string;
    readonly status: number;
    readonly body: string;
    readonly reference: string;
    readonly outcome: string;
    readonly debited?: string;
  }[];
  readonly createErrors: readonly { readonly id: string; readonly body: string }[];
}

const { signatures, balances, lookups, createErrors }: Vectors = JSON.parse(
  readFileSync(new URL('vectors/stripe.json', import.meta.url), 'utf8'),
);
const header = signatures[0]?.header?.toLowerCase() ?? '';
const { signal } = new AbortController();
const open = (options: Partial<StripeOptions>) => stripe({ secretKey: 'sk_live_0123', ...quick, ...options });

let server: RawServer;
let answer: { readonly status?: number; readonly body: string };

beforeAll(async () => {
  server = await startServer((response) => send(response, answer.body, answer.status));
});
afterAll(closeAll);

describe('the vectors of stripe', () => {
  it.each(signatures)('accept or refuse the signature $id', async ({ key, body, value, now, valid }) => {
    const clock = { now: () => now * 1_000 };
    const { webhook } = open({ product: 'payouts', webhookSecret: key, clock });
    const event = await webhook?.read(Buffer.from(body), { [header]: value });
    expect(event).toEqual(valid ? { reference: 'po_1001' } : undefined);
  });

  it.each(balances)('read or refuse the balance $id', async ({ body, select, available }) => {
    answer = { body };
    const { currency, sourceType } = select;
    const reading = open({ baseUrl: server.url, sourceType }).fetchBalance({ currency, signal });
    if (available === undefined) expect(await failureOf(reading)).toMatchObject({ code: 'balance_unavailable' });
    else expect(await reading).toEqual({ available, currency });
  });

  it.each(lookups)('read the look-up $id', async ({ id, status, body, reference, outcome, debited }) => {
    answer = { status, body };
    const product = id.startsWith('payout') ? 'payouts' : 'transfers';
    const provider = open({ baseUrl: server.url, product });
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
