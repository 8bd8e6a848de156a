// Wise beyond the contract: windows and pages, ids that the application stores, and the published keys.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { PayoutAnswer } from 'payout-guard';
import { type WiseOptions, wise, wiseCustomerTransactionId } from 'payout-guard/providers/wise';
import { publicKeys } from '../../src/providers/wise/public-keys.js';
import { closeAll, failureOf, quick, type RawServer, send, startServer } from './support.js';

afterEach(closeAll);

const sentAtMs = Date.UTC(2026, 10, 25, 9);
const { signal } = new AbortController();
const open = (options: Partial<WiseOptions> = {}) => wise({ apiToken: 'token', profileId: 500, ...quick, ...options });

/** A server that answers each request with the next of these bodies, and the last one again. */
function answering(...bodies: readonly unknown[]): Promise<RawServer> {
  let next = 0;
  return startServer((response) => {
    send(response, JSON.stringify(bodies[Math.min(next, bodies.length - 1)]));
    next += 1;
  });
}

interface Transfer {
  readonly reference?: string;
  readonly status?: string;
  readonly sourceValue?: number;
  readonly sourceCurrency?: string;
}

function transfer(of: Transfer = {}): object {
  const { reference = 'po_1001', status = 'outgoing_payment_sent', sourceValue = 375, sourceCurrency = 'GBP' } = of;
  const customerTransactionId = wiseCustomerTransactionId(reference);
  return { id: 1, targetAccount: 2, status, customerTransactionId, sourceValue, sourceCurrency, targetCurrency: 'EUR' };
}

const others = (count: number) =>
  Array.from({ length: count }, (_, index) => transfer({ reference: `other-${index}` }));

async function lookUp(
  server: RawServer,
  options: Partial<WiseOptions> = {},
  currency = 'GBP',
): Promise<PayoutAnswer | undefined> {
  return open({ baseUrl: server.url, ...options }).lookup?.({ reference: 'po_1001', currency, sentAtMs, signal });
}

const queriesOf = ({ requests }: RawServer) =>
  requests.map(({ path }) => Object.fromEntries(new URL(path, 'http://x').searchParams));

describe('a look-up at Wise', () => {
  it('reads transfers from an hour before to an hour after, page by page', async () => {
    const server = await answering(others(25), [...others(24), transfer()], []);
    expect(await lookUp(server)).toEqual({ outcome: 'completed', debited: '375.00' });
    const window = {
      profile: '500',
      createdDateStart: '2026-11-25T08:00:00.000Z',
      createdDateEnd: '2026-11-25T10:00:00.000Z',
      limit: '25',
    };
    expect(queriesOf(server)).toEqual([
      { ...window, offset: '0' },
      { ...window, offset: '25' },
    ]);
    expect(server.requests.every(({ path }) => path.startsWith('/v1/transfers?'))).toBe(true);
  });

  it('takes the window from its option, and no absence from it', async () => {
    const server = await answering([]);
    expect(await lookUp(server, { windowMs: 86_400_000 })).toEqual({ outcome: 'unknown' });
    expect(queriesOf(server)).toEqual([
      expect.objectContaining({
        createdDateStart: '2026-11-24T09:00:00.000Z',
        createdDateEnd: '2026-11-26T09:00:00.000Z',
      }),
    ]);
  });

  it('gives up after 20 pages', async () => {
    const server = await answering(others(25));
    expect(await lookUp(server)).toEqual({ outcome: 'unknown' });
    expect(server.requests).toHaveLength(20);
  });

  it.each([
    [{ sourceValue: 100.251 }, 'GBP', '100.26'],
    [{ sourceValue: 100.5, sourceCurrency: 'JPY' }, 'JPY', '101'],
    [{ sourceValue: 0 }, 'GBP', undefined],
    [{ sourceValue: -5 }, 'GBP', undefined],
    [{}, 'EUR', undefined],
  ])('reports a debit that is never too low: %j in %s is %s', async (of, currency, debited) => {
    const server = await answering([transfer(of)]);
    expect(await lookUp(server, {}, currency)).toEqual({ outcome: 'completed', ...(debited && { debited }) });
  });
});

describe('the id of a transfer that the application has stored', () => {
  it.each([90010001, '90010001'])('is asked for: %j', async (id) => {
    const asked: string[] = [];
    const transferIdOf = async (reference: string) => {
      asked.push(reference);
      return id;
    };
    const server = await answering(transfer({ status: 'cancelled' }));
    expect(await lookUp(server, { transferIdOf })).toEqual({ outcome: 'failed' });
    expect(asked).toEqual(['po_1001']);
    expect(server.requests.map(({ path }) => path)).toEqual(['/v1/transfers/90010001']);
  });

  it('proves nothing when it is of another payout', async () => {
    const server = await answering(transfer({ reference: 'other', status: 'cancelled' }));
    expect(await lookUp(server, { transferIdOf: () => 1 })).toEqual({ outcome: 'unknown' });
  });

  it('is looked for in the window when there is none', async () => {
    const server = await answering([transfer()]);
    expect(await lookUp(server, { transferIdOf: () => undefined })).toMatchObject({ outcome: 'completed' });
  });

  it.each([null, '', '1/../2', 1.5, {}])('is an error of its own when it is %j (F1)', async (id) => {
    const server = await answering([]);
    const asking = lookUp(server, { transferIdOf: () => id as string });
    expect(await failureOf(asking)).toMatchObject({ code: 'configuration' });
    expect(server.requests).toHaveLength(0);
  });
});

// The sample of the provider's repository "digital-signatures-examples". The key of the sandbox has signed it.
const sample = {
  body: Buffer.from(
    '{"data":{"resource":{"id":49983981,"profile_id":16055450,"account_id":14124090,"type":"transfer"},' +
      '"current_state":"incoming_payment_waiting","previous_state":null,"occurred_at":"2021-08-23T10:12:50Z"},' +
      '"subscription_id":"90aa8e14-4ef1-4a56-861c-f3c9cde097ea","event_type":"transfers#state-change",' +
      '"schema_version":"2.0.0","sent_at":"2021-08-23T10:12:50Z"}',
  ),
  headers: {
    'x-signature-sha256':
      'wKcKCYXAzxNgiu7xmoDm943NUni7Rz33QN8JkEA9dWSGebgndonabgSj18Y4C08OrwVmueGsED2s00M7DtJVcYKOS1i3G4TMVx+m' +
      'gM3aL9djMBkQtiYNBFUd6wrPI7ZUNHv/TrlKSjTMc+6JFvUvJ7owY3z85e3I4jLRLJowMFvO8kvCJ60+1pY9wDwZvtZ//WS93Lrw' +
      'Gjk9Dvwzpmu0w+P4J75tETT5qC3Uv0y5G2yO8SEoO3yNP/tg/BOli02niHb53vEOUWUb9bly6thnfMoXoiV/osoGxgF20R58Rlvk' +
      'Amezyyl1Sv542TfS2DpiwVnmjjjkCyXeSUcKookYLQ==',
  },
};

describe('the webhooks of Wise', () => {
  const of = { profileId: '16055450', referenceOf: (id: string) => `transfer ${id}` };

  it.each([
    ['https://api.wise-sandbox.com', { reference: 'transfer 49983981' }],
    ['https://api-mtls.wise-sandbox.com', { reference: 'transfer 49983981' }],
    ['https://api.wise.com', undefined],
    ['https://wise-sandbox.com.example.com', undefined],
  ])('of %s are verified with the published key of that host', async (baseUrl, event) => {
    expect(await open({ ...of, baseUrl }).webhook?.read(sample.body, sample.headers)).toEqual(event);
  });

  it('name no payout when the application has stored none, and are an error when it answers otherwise', async () => {
    const read = (referenceOf: NonNullable<WiseOptions['referenceOf']>) =>
      open({ ...of, referenceOf, baseUrl: 'https://api.wise-sandbox.com' }).webhook?.read(sample.body, sample.headers);
    expect(await read(async () => undefined)).toEqual({ reference: undefined });
    const asking = Promise.resolve(read(() => null as unknown as string));
    expect(await failureOf(asking)).toMatchObject({ code: 'configuration' });
  });

  it('reject while the transfer cannot be read, so that the provider sends them again', async () => {
    const server = await startServer((response) => send(response, '', 500));
    const { webhook } = open({ profileId: of.profileId, baseUrl: server.url, publicKey: publicKeys.test });
    const reading = Promise.resolve(webhook?.read(sample.body, sample.headers));
    expect(await failureOf(reading)).toMatchObject({ reason: 'provider_error' });
  });
});

describe('an adapter for Wise', () => {
  it.each([
    [{}, 'api.wise.com/500'],
    [{ apiToken: 'another', profileId: '500' }, 'api.wise.com/500'],
    [{ profileId: 501 }, 'api.wise.com/501'],
    [{ baseUrl: 'https://api.wise-sandbox.com/' }, 'api.wise-sandbox.com/500'],
  ])('with %j has the account %s', (options, accountId) => {
    expect(open(options).accountId).toBe(accountId);
  });

  it.each([
    ['apiToken', 'two words'],
    ['profileId', 'me'],
    ['profileId', 1.5],
    ['publicKey', 'a secret'],
    ['transferIdOf', '1'],
    ['referenceOf', {}],
    ['windowMs', 1],
    ['baseUrl', 'http://api.wise.com'],
  ])('refuses a wrong %s: %j', (name, value) => {
    expect(() => open({ [name]: value })).toThrow(new RegExp(`not configured correctly: ${name}: .`));
  });
});
