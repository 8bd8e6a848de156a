import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Decimal } from 'decimal.js';
import type { BalanceProvider } from 'payout-guard';
import { flutterwave } from 'payout-guard/providers/flutterwave';
import { monnify } from 'payout-guard/providers/monnify';
import { mtnMomo } from 'payout-guard/providers/mtn-momo';
import { pawapay } from 'payout-guard/providers/pawapay';
import { paystack } from 'payout-guard/providers/paystack';
import { paystackWebhook } from '../../src/providers/paystack/webhook.js';
import { closeAll, failureOf, quick, type RawServer, send, startServer } from './support.js';
import { type BalanceVector, type LookupVector, readVectors, type SignatureVector } from './vectors.js';

type Signature = Omit<SignatureVector, 'value'> & { readonly key: string; readonly value: string | null };

interface Balance extends Partial<BalanceVector<Readonly<Record<string, string>>>> {
  readonly id: string;
  readonly body: string;
  readonly status?: number;
  readonly currency?: string;
}

interface Lookup extends LookupVector {
  readonly call?: string;
}

interface EventVector {
  readonly id: string;
  readonly body: string;
  readonly reference: string;
}

/** Answers to the payment call that are no success. */
interface CreateErrorVector {
  readonly id: string;
  readonly body: string;
}

interface Vectors {
  readonly signatures: readonly Signature[];
  readonly balances: readonly Balance[];
  readonly lookups: readonly Lookup[];
  readonly events?: readonly EventVector[];
  readonly createErrors?: readonly CreateErrorVector[];
}

interface Adapter {
  readonly name: string;
  readonly currency: string;
  /** `select`: the row that a balance is about. */
  readonly open: (baseUrl: string, select?: Readonly<Record<string, string>>) => BalanceProvider;
  /** Signatures of the body with a shared key. Others have a test of their own. */
  readonly webhook?: (key: string) => NonNullable<BalanceProvider['webhook']>;
  /** Answers the requests that come before others, such as those for tokens. */
  readonly before?: (path: string) => string | undefined;
}

function webhookOf({ name, webhook }: BalanceProvider): NonNullable<BalanceProvider['webhook']> {
  if (!webhook) throw new Error(`${name} has no webhook`);
  return webhook;
}

const adapters: readonly Adapter[] = [
  {
    name: 'paystack',
    currency: 'NGN',
    open: (baseUrl) => paystack({ secretKey: 'sk_live_0123', baseUrl, ...quick }),
    webhook: paystackWebhook,
  },
  {
    name: 'flutterwave',
    currency: 'NGN',
    open: (baseUrl) => flutterwave({ secretKey: 'FLWSECK-0123-X', baseUrl, ...quick }),
    webhook: (webhookSecret) => webhookOf(flutterwave({ secretKey: 'FLWSECK-0123-X', webhookSecret })),
  },
  {
    name: 'monnify',
    currency: 'NGN',
    open: (baseUrl) =>
      monnify({ apiKey: 'MK_PROD_0123', secretKey: 'secret', accountNumber: '8000000001', baseUrl, ...quick }),
    webhook: (secretKey) => webhookOf(monnify({ apiKey: 'MK_PROD_0123', secretKey, accountNumber: '8000000001' })),
    before: (path) =>
      path === '/api/v1/auth/login'
        ? '{"requestSuccessful":true,"responseCode":"0","responseBody":{"accessToken":"token","expiresIn":3600}}'
        : undefined,
  },
  {
    name: 'pawapay',
    currency: 'UGX',
    open: (baseUrl, { country = 'UGA', provider = '' } = {}) =>
      pawapay({ apiToken: 'token', country, provider: provider || undefined, baseUrl, ...quick }),
  },
  {
    name: 'mtn-momo',
    currency: 'UGX',
    open: (baseUrl) =>
      mtnMomo({
        subscriptionKey: 'key',
        apiUser: '6b0a4a0e-0000-4000-8000-000000000001',
        apiKey: 'example-api-key',
        targetEnvironment: 'mtnuganda',
        baseUrl,
        ...quick,
      }),
    before: (path) =>
      path === '/disbursement/token/'
        ? '{"access_token":"token","token_type":"access_token","expires_in":3600}'
        : undefined,
  },
];

const { signal } = new AbortController();
let server: RawServer;
let answer: { readonly status: number | undefined; readonly body: string };
let before: NonNullable<Adapter['before']>;

beforeAll(async () => {
  server = await startServer((response, { url = '' }) => {
    const first = before(url);
    if (first === undefined) send(response, answer.body, answer.status);
    else send(response, first);
  });
});
afterAll(closeAll);

describe.each(adapters)('the vectors of $name', ({ name, currency, open, webhook, ...adapter }) => {
  const vectors = readVectors<Vectors>(name);
  const { signatures, balances, lookups, events = [], createErrors = [] } = vectors;

  beforeAll(() => {
    before = adapter.before ?? (() => undefined);
  });

  if (webhook) {
    it.each(signatures)('accept or refuse the signature $id', async ({ header, key, body, value, valid }) => {
      const headers = value === null ? {} : { [header]: value };
      const event = await webhook(key).read(Buffer.from(body), headers);
      const { data, eventData } = JSON.parse(body);
      const { reference } = data ?? eventData;
      expect(event).toEqual(valid ? { reference } : undefined);
    });
  }

  it.each(balances)('read or refuse the balance $id', async ({ status, body, select, available, ...vector }) => {
    answer = { status, body };
    const asked = select?.currency ?? vector.currency ?? currency;
    const reading = open(server.url, select).fetchBalance({ currency: asked, signal });
    if (available === undefined) expect(await failureOf(reading)).toMatchObject({ code: 'balance_unavailable' });
    else expect((await reading).available).toBe(available);
  });

  it.each(lookups)('read the look-up $id', async ({ status, body, reference, outcome, debited, call }) => {
    answer = { status, body };
    const asking = open(server.url).lookup?.({ reference, currency, sentAtMs: 1_795_680_000_000, signal });
    if (outcome === 'error') {
      expect(await failureOf(asking as Promise<unknown>)).toBeDefined();
      return;
    }
    expect(await asking).toMatchObject({ outcome });
    // By value: `11` is `11.00`.
    const given = (await asking)?.debited;
    if (debited !== undefined) expect(given && new Decimal(given).equals(debited)).toBe(true);
    const { method, path } = server.requests.at(-1) ?? {};
    if (call !== undefined) expect(`${method} ${path}`).toBe(call);
  });

  for (const { id, body, reference } of events) {
    it(`read the event ${id}`, async () => {
      const headers = { 'verif-hash': 'secret' };
      expect(await webhook?.('secret').read(Buffer.from(body), headers)).toEqual({ reference });
    });
  }

  for (const { id, body } of createErrors) {
    it(`judge nothing by the refusal ${id}, which names no payout`, () => {
      const { verdictOfResult } = open(server.url);
      expect(verdictOfResult?.(JSON.parse(body), { reference: 'po_1001' })).toBeUndefined();
    });
  }
});
