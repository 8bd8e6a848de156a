// Webhooks of providers: the raw body, the signature, and the answers that make the provider post again.
import { createHmac } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import type { Request, RequestHandler, Response } from 'express';
import {
  BalanceUnavailableError,
  ConfigurationError,
  createPayoutGuard,
  type HoldStore,
  memoryStore,
  type PayoutAnswer,
  type PayoutGuard,
  type ProviderWebhook,
} from 'payout-guard';
import { payoutWebhook } from 'payout-guard/express';
import { changed } from '../support/stores.js';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { cleanUp, frameworks, listen } from './api.js';

const atTheEnd = cleanUp();
const warnings = collectWarnings();

const secret = 'of the provider';
const sign = (body: string) => createHmac('sha512', secret).update(body).digest('hex');

/** Reads the reference from a JSON body with a valid signature. */
const webhook: ProviderWebhook = {
  read: (rawBody, headers) => {
    const expected = createHmac('sha512', secret).update(rawBody).digest('hex');
    if (headers['x-signature'] !== expected) return undefined;
    return { reference: JSON.parse(Buffer.from(rawBody).toString('utf8')).data?.reference };
  },
};

let keys = 0;

describe.each(frameworks)('payoutWebhook on %s', (_, express) => {
  interface Setup {
    readonly lookup?: (reference: string) => PayoutAnswer | Promise<PayoutAnswer>;
    readonly read?: ProviderWebhook['read'];
    readonly store?: (memory: HoldStore) => HoldStore;
    readonly parsers?: RequestHandler[];
  }

  async function api({ lookup = () => ({ outcome: 'completed' }), read, store, parsers }: Setup = {}) {
    const asked: string[] = [];
    const wallet = scriptedWallet('1000.00', {
      webhook: read ? { read } : webhook,
      lookup: async ({ reference }) => {
        asked.push(reference);
        return lookup(reference);
      },
    });
    const memory = memoryStore({ clock: wallet.clock });
    // Warnings about the setup are emitted once per wallet.
    const key = `wallet-${++keys}`;
    const guard = createPayoutGuard({
      wallets: { [key]: { provider: wallet.provider, currency: 'KES' } },
      store: store ? store(memory) : memory,
      clock: wallet.clock,
    });
    atTheEnd(() => guard.close({ waitMs: 0 }));
    const app = express();
    for (const parser of parsers ?? [express.raw({ type: () => true })]) app.use(parser);
    app.post('/payouts', payoutWebhook(guard, { wallet: key }));
    const { port } = await listen(app, atTheEnd);
    const post = (body: string | undefined, headers: Record<string, string> = {}): Promise<number> =>
      new Promise((resolve, reject) => {
        const signature = { 'x-signature': sign(body ?? ''), 'content-type': 'application/json', ...headers };
        const options = { port, host: '127.0.0.1', method: 'POST', path: '/payouts', agent: false, headers: signature };
        const client = httpRequest(options, (response) => {
          response.resume();
          response.on('end', () => resolve(response.statusCode ?? 0));
        });
        client.on('error', reject);
        client.end(body);
      });
    const notify = (reference: unknown, event = 'transfer.success') =>
      post(JSON.stringify({ event, data: { reference } }));
    const pay = (reference = 'p-1') => guard.withHold({ amount: '400.00', reference }, () => 'accepted');
    return { guard, key, asked, post, notify, pay, wallet };
  }

  const stateOf = async (guard: PayoutGuard, reference = 'p-1') => (await guard.getHold(reference))?.state;

  it.each<[PayoutAnswer, string]>([
    [{ outcome: 'completed' }, 'captured'],
    [{ outcome: 'failed' }, 'released'],
    [{ outcome: 'pending' }, 'sent'],
    [{ outcome: 'unknown', absent: true }, 'sent'],
  ])('answers 200 and settles by the look-up, never by the event: %j', async (answer, state) => {
    for (const event of ['transfer.success', 'transfer.failed']) {
      const { guard, asked, notify, pay } = await api({ lookup: () => answer });
      await pay();
      expect([await notify('p-1', event), asked, await stateOf(guard)]).toEqual([200, ['p-1'], state]);
    }
  });

  it('verifies the bytes as they were posted', async () => {
    const { guard, post, pay } = await api();
    await pay();
    const odd = '{ "event":"transfer.success",\n  "data":{"reference":"p-1", "name":"J\\u00f6rg"} }';
    expect(await post(JSON.stringify(JSON.parse(odd)), { 'x-signature': sign(odd) })).toBe(401);
    expect(await stateOf(guard)).toBe('sent');
    expect([await post(odd), await stateOf(guard)]).toEqual([200, 'captured']);
  });

  it('answers 401 to a wrong signature, and looks nothing up', async () => {
    const { asked, post, pay } = await api();
    await pay();
    const body = JSON.stringify({ data: { reference: 'p-1' } });
    const statuses = [];
    for (const signature of ['', 'x', sign(`${body} `), sign('')])
      statuses.push(await post(body, { 'x-signature': signature }));
    expect([statuses, asked, warnings]).toEqual([[401, 401, 401, 401], [], []]);
  });

  it('answers 200 to a webhook without a payout of this guard, as a repetition would change nothing', async () => {
    const { asked, notify, post } = await api();
    const references = ['unknown', 'no reference of ours', '', undefined, 'x'.repeat(200)];
    const statuses = [];
    for (const reference of references) statuses.push(await notify(reference));
    statuses.push(await post('{"event":"balance.low"}'));
    expect([statuses, asked]).toEqual([[200, 200, 200, 200, 200, 200], []]);
  });

  it('answers 200 to the second event of a payout, and does not look it up again', async () => {
    const { asked, notify, pay } = await api();
    await pay();
    expect([await notify('p-1'), await notify('p-1'), asked]).toEqual([200, 200, ['p-1']]);
  });

  it('works while the guard closes', async () => {
    const { guard, notify, pay } = await api();
    await pay();
    await guard.close();
    expect([await notify('p-1'), await stateOf(guard)]).toEqual([200, 'captured']);
  });

  describe('R4. a body that is no Buffer', () => {
    const message = (key: string) =>
      `PAYOUT_GUARD_WEBHOOK: The webhook route of wallet ${key} needs the raw body: ` +
      'mount it behind express.raw({ type: () => true }) and before express.json().';

    it.each<[string, () => RequestHandler[]]>([
      ['because express.json() ran', () => [express.json()]],
      ['because express.json() ran before express.raw()', () => [express.json(), express.raw({ type: () => true })]],
      ['because express.text() ran', () => [express.text({ type: '*/*' })]],
      ['because express.raw() takes another type', () => [express.raw({ type: 'application/octet-stream' })]],
      ['because nothing parsed it', () => []],
    ])('%s is 503 and one warning, never 401', async (_name, parsers) => {
      const { guard, key, asked, notify, post, pay } = await api({ parsers: parsers() });
      await pay();
      expect([await notify('p-1'), await post('{}', { 'x-signature': 'wrong' })]).toEqual([503, 503]);
      expect([warnings, asked, await stateOf(guard)]).toEqual([[message(key)], [], 'sent']);
    });

    it('is 401 and no warning when there is none at all', async () => {
      for (const parsers of [[express.raw({ type: () => true })], [express.json()]]) {
        const { post } = await api({ parsers });
        expect([await post(undefined, { 'x-signature': '' }), warnings]).toEqual([401, []]);
      }
    });
  });

  describe('503, so that the provider posts again:', () => {
    it('the store is down', async () => {
      let isDown = false;
      const { guard, asked, notify, pay } = await api({
        store: (memory) =>
          changed(memory, {
            get: (reference) => {
              if (isDown) throw new Error('connection terminated');
              return memory.get(reference);
            },
          }),
      });
      await pay();
      isDown = true;
      expect([await notify('p-1'), await notify('unknown'), asked]).toEqual([503, 503, []]);
      isDown = false;
      expect([await notify('p-1'), await stateOf(guard)]).toEqual([200, 'captured']);
    });

    it('the store restores open holds, and this one may be among them', async () => {
      const { notify } = await api({
        store: (memory) =>
          changed(memory, { get: async (reference) => ({ ...(await memory.get(reference)), recoveringForMs: 5_000 }) }),
      });
      expect(await notify('p-1')).toBe(503);
    });

    it('another service has the wallet', async () => {
      const { guard, asked, notify, wallet } = await api();
      const other = createPayoutGuard({
        wallets: { 'isw-ugx': { provider: scriptedWallet('1000.00').provider, currency: 'KES' } },
        store: guard.internals.store,
        clock: wallet.clock,
      });
      atTheEnd(() => other.close());
      await other.withHold({ amount: '400.00', reference: 'foreign' }, () => 'accepted');
      expect([await notify('foreign'), asked, await stateOf(other, 'foreign')]).toEqual([503, [], 'sent']);
    });

    it.each<[string, () => never]>([
      [
        'the adapter throws',
        () => {
          throw new SyntaxError('Unexpected token');
        },
      ],
      [
        'the adapter cannot fetch its keys',
        () => {
          throw new BalanceUnavailableError('network');
        },
      ],
    ])('%s', async (_name, fail) => {
      const once = await api({ read: fail });
      const later = await api({ read: async () => fail() });
      expect([await once.notify('p-1'), await later.notify('p-1')]).toEqual([503, 503]);
    });
  });

  it('awaits a signature that is verified later', async () => {
    const { guard, notify, pay } = await api({ read: async (body, headers) => webhook.read(body, headers) });
    await pay();
    expect([await notify('p-1'), await stateOf(guard)]).toEqual([200, 'captured']);
  });
});

describe('payoutWebhook is not created', () => {
  const guard = scriptedWallet().guard();
  const several = createPayoutGuard({
    wallets: {
      one: { provider: scriptedWallet('0', { webhook }).provider, currency: 'KES' },
      two: { provider: scriptedWallet('0', { webhook }).provider, currency: 'KES' },
    },
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      'when the provider has no webhooks',
      () => payoutWebhook(guard),
      /wallets\.default: scripted has no webhooks that can be verified/,
    ],
    ['for an unknown wallet', () => payoutWebhook(several, { wallet: 'three' }), /unknown wallet "three"/],
    ['without a wallet when the guard has several', () => payoutWebhook(several), /wallet must be named/],
    ['without a guard', () => payoutWebhook(undefined as never), /guard: must be what createPayoutGuard returns/],
    ['with an unknown option', () => payoutWebhook(several, { walet: 'one' } as never), /walet/],
  ])('%s', (_, create, message) => {
    expect(create).toThrow(ConfigurationError);
    expect(create).toThrow(message);
  });

  it('outside of Express: it throws at the first request', () => {
    const route = payoutWebhook(several, { wallet: 'one' });
    expect(() => route({} as Request, {} as Response, () => {})).toThrow(/must be mounted in an Express application/);
  });
});
