// Alerts as a receiver gets them that verifies with the library of the Standard Webhooks specification, over HTTP.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Alert, MonitorOptions, Undelivered } from 'payout-guard/monitor';
import { Webhook } from 'standardwebhooks';
import { signedHeaders, signingKey } from '../../src/monitor/signature.js';
import { watch } from './watches.js';

const newSecret = (bytes = 32) => `whsec_${randomBytes(bytes).toString('base64')}`;

describe('a receiver that verifies with the library standardwebhooks', () => {
  const secret = newSecret();
  let server: Server;
  let url: string;
  /** Each alert that was accepted, with its header `webhook-id`. */
  let accepted: { readonly id: unknown; readonly alert: Alert }[];
  let refusals: string[];
  /** The secret of the receiver. */
  let expected: string;
  /** Changes a body on its way. */
  let onItsWay: (body: string) => string;
  /** Statuses of the next answers to accepted alerts; 204 when none is left. */
  let statuses: number[];

  beforeEach(async () => {
    [accepted, refusals, statuses] = [[], [], []];
    expected = secret;
    onItsWay = (body) => body;
    server = createServer(async (request, response) => {
      const body = onItsWay(await text(request));
      try {
        const alert = new Webhook(expected).verify(body, request.headers as Record<string, string>) as Alert;
        accepted.push({ id: request.headers['webhook-id'], alert });
        response.writeHead(statuses.shift() ?? 204).end();
      } catch (error) {
        refusals.push((error as Error).message);
        response.writeHead(400).end();
      }
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts`;
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  /** Raises one alert, on the clock of the machine unless the options differ. Resolves to what was not delivered. */
  async function raise(signing: string | readonly string[] = secret, more: Partial<MonitorOptions> = {}) {
    const undelivered: Undelivered[] = [];
    const { round, alerts } = watch({
      webhook: { url, secret: signing, random: () => 0 },
      onUndelivered: (one) => void undelivered.push(one),
      clock: { now: () => Date.now() },
      ...more,
    });
    await round('400.00');
    expect(alerts).toHaveLength(1);
    return { alert: alerts[0], undelivered: undelivered.map(({ reason }) => reason) };
  }

  it('accepts an alert, whose id is the id of the webhook', async () => {
    const { alert, undelivered } = await raise();
    expect([accepted, refusals, undelivered]).toEqual([[{ id: alert?.id, alert }], [], []]);
  });

  it('accepts each delivery of an alert that it could not take at first, all with one id', async () => {
    statuses = [500, 503];
    const { alert, undelivered } = await raise();
    expect([accepted.map(({ id }) => id), undelivered]).toEqual([[alert?.id, alert?.id, alert?.id], []]);
  });

  it('refuses a body that was changed on its way', async () => {
    onItsWay = (body) => body.replace('400.00', '900.00');
    expect((await raise()).undelivered).toEqual(['HTTP 400']);
    expect([accepted, refusals]).toEqual([[], ['No matching signature found']]);
  });

  it('refuses a time that is more than 5 minutes ago', async () => {
    const { undelivered } = await raise(secret, { clock: { now: () => Date.now() - 302_000 } });
    expect([accepted, refusals, undelivered]).toEqual([[], ['Message timestamp too old'], ['HTTP 400']]);
  });

  it('refuses the signature of another secret', async () => {
    expect((await raise(newSecret())).undelivered).toEqual(['HTTP 400']);
    expect([accepted, refusals]).toEqual([[], ['No matching signature found']]);
  });

  it.each(['old', 'new'])('accepts an alert with the %s secret while secrets are rotated', async (which) => {
    const next = newSecret(64);
    expected = which === 'new' ? next : secret;
    const { undelivered } = await raise([next, secret]);
    expect([accepted.length, refusals, undelivered]).toEqual([1, [], []]);
  });
});

describe('a signature', () => {
  it('is that of the published example', () => {
    const key = signingKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw') as Buffer;
    const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
    expect(signedHeaders(id, '{"test": 2432232314}', [key], 1_614_265_330_999)).toEqual({
      'webhook-id': id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });
});

describe('a secret', () => {
  it.each([24, 64])('may have %i bytes', (bytes) => {
    expect(signingKey(newSecret(bytes))).toHaveLength(bytes);
  });

  it.each([
    ['23 bytes', newSecret(23)],
    ['65 bytes', newSecret(65)],
    ['no prefix', newSecret().slice('whsec_'.length)],
    ['another prefix', newSecret().replace('whsec_', 'whpk_')],
    ['characters that are not Base64', `whsec_${'!'.repeat(44)}`],
    ['a line break', `${newSecret()}\n`],
    ['the URL alphabet of Base64', `whsec_${Buffer.alloc(32, 0xff).toString('base64url')}=`],
    ['no padding', newSecret().replace(/=+$/, '')],
    ['the prefix alone', 'whsec_'],
  ])('must not have %s', (_, secret) => {
    expect(signingKey(secret)).toBeUndefined();
  });
});
