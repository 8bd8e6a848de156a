// The vectors of MTN MoMo that no other provider has: derived ids, the header for tokens, callbacks.
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import { mtnMomo, mtnMomoReferenceId } from 'payout-guard/providers/mtn-momo';
import { closeAll, quick, send, startServer } from './support.js';

interface Vectors {
  readonly referenceIds: { readonly cases: readonly { readonly reference: string; readonly uuid: string }[] };
  readonly basicHeader: { readonly apiUser: string; readonly apiKey: string; readonly value: string };
  readonly callbacks: readonly { readonly body: string; readonly reference: string; readonly hint: string }[];
}

const vectors: Vectors = JSON.parse(readFileSync(new URL('vectors/mtn-momo.json', import.meta.url), 'utf8'));
const { apiUser, apiKey, value } = vectors.basicHeader;
const { signal } = new AbortController();

afterAll(closeAll);

/** An adapter whose API answers look-ups with this body, and the headers that it was asked with. */
async function opened(body: string) {
  const headers: Record<string, unknown>[] = [];
  const { url: baseUrl, requests } = await startServer((response, request) => {
    headers.push(request.headers);
    send(response, request.method === 'POST' ? '{"access_token":"token-1","expires_in":3600}' : body);
  });
  const environment = { subscriptionKey: 'key-1', targetEnvironment: 'mtnuganda', baseUrl };
  return { provider: mtnMomo({ apiUser, apiKey, ...environment, ...quick }), headers, requests };
}

describe('the vectors of mtn-momo', () => {
  it.each(vectors.referenceIds.cases)('derive the id of $reference', ({ reference, uuid }) => {
    expect(mtnMomoReferenceId(reference)).toBe(uuid);
  });

  it('ask for a token with the API user and its key, and for all else with the token', async () => {
    const { provider, headers, requests } = await opened('{"availableBalance":"1","currency":"UGX"}');
    await provider.fetchBalance({ currency: 'UGX', signal });
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /disbursement/token/',
      'GET /disbursement/v1_0/account/balance',
    ]);
    expect(headers).toMatchObject([
      { authorization: value, 'ocp-apim-subscription-key': 'key-1' },
      { authorization: 'Bearer token-1', 'ocp-apim-subscription-key': 'key-1', 'x-target-environment': 'mtnuganda' },
    ]);
  });

  it.each(vectors.callbacks)(
    'read the body of a callback about $reference as an answer to a look-up',
    async (vector) => {
      const { body, reference, hint } = vector;
      const { provider } = await opened(body);
      const answer = await provider.lookup?.({ reference, currency: 'UGX', sentAtMs: 0, signal });
      expect(answer).toEqual({ outcome: hint });
      expect(provider.webhook).toBeUndefined();
    },
  );
});
