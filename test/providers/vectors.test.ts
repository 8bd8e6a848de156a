// The published and computed vectors of the providers: signatures, balances and look-ups, byte for byte.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { BalanceProvider } from 'payout-guard';
import { paystack } from 'payout-guard/providers/paystack';
import { paystackWebhook } from '../../src/providers/paystack/webhook.js';
import { closeAll, failureOf, quick, type RawServer, send, startServer } from './support.js';

interface Signature {
  readonly id: string;
  readonly header: string;
  readonly key: string;
  readonly body: string;
  readonly value: string | null;
  readonly valid: boolean;
}

interface BalanceVector {
  readonly id: string;
  readonly status?: number;
  readonly body: string;
  readonly select?: Readonly<Record<string, string>>;
  readonly available?: string;
}

interface LookupVector {
  readonly id: string;
  readonly status: number;
  readonly body: string;
  readonly reference: string;
  readonly outcome: string;
  readonly debited?: string;
}

interface Vectors {
  readonly signatures: readonly Signature[];
  readonly balances: readonly BalanceVector[];
  readonly lookups: readonly LookupVector[];
}

interface Adapter {
  readonly name: string;
  readonly currency: string;
  readonly open: (baseUrl: string) => BalanceProvider;
  readonly webhook: (key: string) => NonNullable<BalanceProvider['webhook']>;
}

const adapters: readonly Adapter[] = [
  {
    name: 'paystack',
    currency: 'NGN',
    open: (baseUrl) => paystack({ secretKey: 'sk_live_0123', baseUrl, ...quick }),
    webhook: paystackWebhook,
  },
];

const { signal } = new AbortController();
let server: RawServer;
let answer: { readonly status: number | undefined; readonly body: string };

beforeAll(async () => {
  server = await startServer((response) => send(response, answer.body, answer.status));
});
afterAll(closeAll);

describe.each(adapters)('the vectors of $name', ({ name, currency, open, webhook }) => {
  const file = new URL(`vectors/${name}.json`, import.meta.url);
  const { signatures, balances, lookups }: Vectors = JSON.parse(readFileSync(file, 'utf8'));

  it.each(signatures)('accept or refuse the signature $id', async ({ header, key, body, value, valid }) => {
    const headers = value === null ? {} : { [header]: value };
    const event = await webhook(key).read(Buffer.from(body), headers);
    const reference = JSON.parse(body).data?.reference;
    expect(event).toEqual(valid ? { reference } : undefined);
  });

  it.each(balances)('read or refuse the balance $id', async ({ status, body, select, available }) => {
    answer = { status, body };
    const reading = open(server.url).fetchBalance({ currency: select?.currency ?? currency, signal });
    if (available === undefined) expect(await failureOf(reading)).toMatchObject({ code: 'balance_unavailable' });
    else expect((await reading).available).toBe(available);
  });

  it.each(lookups)('read the look-up $id', async ({ status, body, reference, outcome, debited }) => {
    answer = { status, body };
    const asking = open(server.url).lookup?.({ reference, currency, sentAtMs: 1_795_680_000_000, signal });
    if (outcome === 'error') expect(await failureOf(asking as Promise<unknown>)).toBeDefined();
    else expect(await asking).toMatchObject({ outcome, ...(debited === undefined ? {} : { debited }) });
  });
});
