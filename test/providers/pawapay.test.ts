// pawaPay beyond the contract: the keys of callbacks, options, payouts that are not found.
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type PawapayOptions, pawapay, pawapayPayoutId } from 'payout-guard/providers/pawapay';
import { signedHeaders } from '../../src/testing/pawapay/callback-signature.js';
import { stoppedClock } from '../support/clock.js';
import { closeAll, failureOf, quick, send, startServer } from './support.js';

afterEach(closeAll);

const callbackUrl = 'https://hooks.example.com/pawapay/payouts';
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = publicKey.export({ type: 'spki', format: 'pem' });
const body = Buffer.from(JSON.stringify({ payoutId: pawapayPayoutId('po_1001'), clientReferenceId: 'po_1001' }));
const event = { reference: 'po_1001' };

/** An adapter whose API lists these keys, on a clock that the test moves. */
async function opened(ids: string[] = ['key-1'], key: unknown = pem) {
  const clock = stoppedClock();
  const listed = { ids, status: 200 };
  const { url: baseUrl, requests } = await startServer((response) =>
    send(response, JSON.stringify(listed.ids.map((id) => ({ id, key }))), listed.status),
  );
  const { webhook } = pawapay({ apiToken: 'token', country: 'UGA', callbackUrl, baseUrl, ...quick, clock });
  const read = async (keyId: string) => {
    const headers = signedHeaders({ privateKey, keyId }, { url: new URL(callbackUrl), body, nowMs: clock.now() });
    return webhook?.read(body, headers);
  };
  return { clock, listed, requests, read };
}

describe('the keys of callbacks', () => {
  it('are fetched once for a hundred callbacks at once', async () => {
    const { read, requests } = await opened();
    const events = await Promise.all(Array.from({ length: 100 }, () => read('key-1')));
    expect(events).toEqual(Array.from({ length: 100 }, () => event));
    expect(requests).toEqual([{ method: 'GET', path: '/v2/public-key/http', body: '' }]);
  });

  it('are fetched again for a key that is not listed, at most once a minute', async () => {
    const { read, requests, listed, clock } = await opened();
    expect(await read('key-1')).toEqual(event);
    listed.ids = ['key-1', 'key-2'];
    // Not forged: it may be a new key, and is posted again after a 503.
    for (let flood = 0; flood < 50; flood += 1) {
      expect(await failureOf(read('key-2'))).toMatchObject({ reason: 'rate_limited' });
    }
    expect(requests).toHaveLength(1);
    clock.advance(60_000);
    expect(await read('key-2')).toEqual(event);
    expect(requests).toHaveLength(2);
  });

  it('verify nothing an hour after they were withdrawn', async () => {
    const { read, listed, clock } = await opened();
    expect(await read('key-1')).toEqual(event);
    listed.ids = [];
    clock.advance(3_600_000 - 1);
    expect(await read('key-1')).toEqual(event);
    clock.advance(1);
    expect(await read('key-1')).toBeUndefined();
  });

  it('are missing while the provider is down, which is no reason to call a callback forged', async () => {
    const { read, listed, requests, clock } = await opened();
    listed.status = 503;
    expect(await failureOf(read('key-1'))).toMatchObject({ code: 'balance_unavailable', reason: 'provider_error' });
    const asked = requests.length;
    for (let flood = 0; flood < 50; flood += 1) await failureOf(read('key-1'));
    expect(requests).toHaveLength(asked);
    listed.status = 200;
    clock.advance(10_000);
    expect(await read('key-1')).toEqual(event);
  });

  const other = (namedCurve: string) =>
    generateKeyPairSync('ec', { namedCurve }).publicKey.export({ type: 'spki', format: 'pem' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' });

  it.each([
    ['another key', other('P-256')],
    ['a key on another curve', other('P-384')],
    ['an RSA key', rsa],
    ['no key', 'key'],
  ])('verify nothing if one is %s', async (_, key) => {
    const { read } = await opened(['key-1'], key);
    expect(await read('key-1')).toBeUndefined();
  });
});

describe('a payout that pawaPay does not have', () => {
  it('is absent only in the words of pawaPay', async () => {
    const answer = { body: '{"status":"NOT_FOUND"}', status: 200 };
    const { url: baseUrl, requests } = await startServer((response) => send(response, answer.body, answer.status));
    const { lookup } = pawapay({ apiToken: 'token', country: 'UGA', baseUrl, ...quick });
    const ask = () =>
      lookup?.({ reference: 'po_1001', currency: 'UGX', sentAtMs: 0, signal: new AbortController().signal });
    expect(await ask()).toEqual({ outcome: 'unknown', absent: true });
    expect(requests.map(({ path }) => path)).toEqual([`/v2/payouts/${pawapayPayoutId('po_1001')}`]);
    answer.status = 404;
    expect(await failureOf(ask() as Promise<unknown>)).toMatchObject({ reason: 'provider_error' });
  });
});

describe('the options of pawapay', () => {
  const open = (options: Partial<PawapayOptions> = {}) => pawapay({ apiToken: 'token', country: 'UGA', ...options });

  it('name the account: host, country and operator, whatever the token is', () => {
    expect(open({ apiToken: 'other' }).accountId).toBe('api.pawapay.io/UGA');
    expect(open({ provider: 'MTN_MOMO_UGA' }).accountId).toBe('api.pawapay.io/UGA/MTN_MOMO_UGA');
    expect(open({ baseUrl: 'https://api.sandbox.pawapay.io/' }).accountId).toBe('api.sandbox.pawapay.io/UGA');
  });

  it('give no webhook without the address of the route: an unsigned callback proves nothing', () => {
    expect(open().webhook).toBeUndefined();
    expect(open({ callbackUrl }).webhook).toBeDefined();
  });

  it.each([
    ['apiToken', { apiToken: 'with space' }],
    ['country', { country: 'UG' }],
    ['country', { country: 'uga' }],
    ['provider', { provider: '' }],
    ['callbackUrl', { callbackUrl: 'http://hooks.example.com/pawapay' }],
    ['callbackUrl', { callbackUrl: '/pawapay' }],
  ])('name %s when it is wrong', (name, options) => {
    expect(() => open(options)).toThrow(new RegExp(`${name}: must`));
  });
});
