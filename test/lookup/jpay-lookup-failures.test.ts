// JPay look-ups that find nothing or fail.
import { afterEach, describe, expect, it } from '@jest/globals';
import { jpay } from 'payout-guard/providers/jpay';
import { closeAll, guardOf, send, startServer } from '../providers/support.js';
import { codesOf, collectWarnings } from '../support/warnings.js';
import { type FaultCase, httpFaults, testThatFailuresStayApart, testThatFaultsAreNoAnswers } from './failures.js';
import { initiate, lists, start } from './jpay-lookup-support.js';
import { ask, lookupFailure, once, wordOf } from './support.js';

afterEach(closeAll);

const listPath = '/payments/payouts/list';
const row = (status: unknown, changes: object = {}) => ({ id: 'P1', ref_no: 'ref-1', status, ...changes });
const list = (...results: unknown[]) => JSON.stringify({ count: results.length, next: null, previous: null, results });

describe('a payout that is not listed', () => {
  const empty = list();
  const more = empty.replace('"next":null', '"next":"http://127.0.0.1/?page=2"');
  const others = list(row('completed', { ref_no: 'ref-2' }));

  it.each<[string, string | number, string | number, boolean]>([
    ['two empty lists', empty, empty, true],
    ['two empty lists without pages', '[]', '[]', true],
    ['an empty list that names no next page', '{"results":[]}', empty, true],
    ['one list, as the other does not exist', 404, empty, true],
    ['one list, as the other takes no such parameters', empty, 400, true],
    ['no list at all', 404, 404, false],
    ['two lists that take no such parameters', 400, 400, false],
    ['more pages in the first list', more, empty, false],
    ['more pages in the second list', empty, more, false],
    ['more pages in both', more, more, false],
    ['more pages in the only list', 404, more, false],
    ['other payouts in the first list', others, empty, false],
    ['other payouts in the second list', empty, others, false],
    ['a longer reference only', list(row('failed', { ref_no: 'ref-10' })), empty, false],
  ])('is absent or not: %s', async (_, first, second, isAbsent) => {
    const server = await startServer((response, { url = '' }) => {
      const answer = url.includes('/list?') ? first : second;
      if (typeof answer === 'number') send(response, '{"detail":"Not found."}', answer);
      else send(response, answer);
    });
    const provider = jpay({ baseUrl: server.url, accessToken: 'token', ...once });
    expect(await ask(provider)).toEqual(isAbsent ? { outcome: 'unknown', absent: true } : { outcome: 'unknown' });
    expect(server.requests).toHaveLength(2);
  });

  it('is not absent when its reference is too long for JPay, because no list was searched', async () => {
    const { provider } = await lists(empty, empty);
    expect(await ask(provider, 'x'.repeat(50))).toEqual({ outcome: 'unknown', absent: true });
    expect(await ask(provider, 'x'.repeat(51))).toEqual({ outcome: 'unknown' });
  });

  it('is not absent when it is listed with an odd status', async () => {
    const { provider } = await lists(list(row('reversed')), empty);
    expect(await ask(provider)).toEqual({ outcome: 'unknown' });
  });
});

describe('the guard', () => {
  const warnings = collectWarnings();

  it('warns at creation that look-ups of JPay are not documented', async () => {
    const { provider } = await start();
    expect([provider.lookupIsDocumented, provider.visibleAfterMs]).toEqual([false, 0]);
    guardOf(provider);
    expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_LOOKUP']);
  });
});

describe('a failure', () => {
  const faults: FaultCase[] = [
    ...httpFaults,
    ['a final word with status 500', { kind: 'status', status: 500, body: list(row('failed')) }, 'provider_error'],
    ['a redirect', { kind: 'status', status: 302, headers: { location: '/' } }, 'provider_error'],
    ['403', { kind: 'status', status: 403 }, 'forbidden'],
    ['401', { kind: 'status', status: 401 }, 'unauthorized'],
    ['429', { kind: 'status', status: 429 }, 'rate_limited'],
  ];
  testThatFaultsAreNoAnswers(
    faults,
    listPath,
    async (network) => {
      const world = await start({}, network);
      await initiate(world);
      world.simulator.advance('ref-1', 'failed');
      return world;
    },
    // Another client, because the first one may have to wait.
    ({ simulator: { url: baseUrl, appKey, appSecret } }) => jpay({ baseUrl, appKey, appSecret, ...once }),
  );

  it('is retried like a balance request', async () => {
    const world = await start();
    await initiate(world);
    world.simulator.advance('ref-1', 'completed');
    world.simulator.fault({ kind: 'status', status: 503 }, { path: listPath, times: 2 });
    expect(await wordOf(world.provider)).toBe('completed');
    expect(world.simulator.count(listPath)).toBe(3);
  });

  it('renews the token once after a 401', async () => {
    const world = await start();
    await initiate(world);
    world.simulator.advance('ref-1', 'completed');
    expect(await wordOf(world.provider)).toBe('completed');
    world.simulator.expireAccessTokens();
    expect(await wordOf(world.provider)).toBe('completed');
    expect(world.simulator.count('/auth/refresh')).toBe(1);
    world.simulator.fault({ kind: 'status', status: 401 }, { path: listPath });
    expect(await wordOf(world.provider)).toBe('unauthorized');
    expect(world.simulator.count('/auth/refresh')).toBe(2);
  });

  testThatFailuresStayApart(listPath, (network) => start({}, network), { currency: 'KES', available: '12000.00' });

  it('shows no secret', async () => {
    const { provider } = await lists('{"secret-of-the-body":');
    const error = await lookupFailure(provider);
    expect(`${error.message}${error.stack}${JSON.stringify(error)}`).not.toMatch(/secret-of-the-body|Bearer|token/);
  });

  it('sends nothing over plain http to a public host', () => {
    expect(() => jpay({ baseUrl: 'http://api.example.com', accessToken: 'token' })).toThrow('must begin with https://');
  });
});
