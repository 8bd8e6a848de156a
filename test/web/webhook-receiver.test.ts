// The receiver of webhooks without a framework: what it verifies, and its answers. test/express has the same over
// Express, test/web/event-lookups.test.ts the look-ups.
import { afterEach, describe, expect, it } from '@jest/globals';
import { ConfigurationError } from 'payout-guard';
import { callbackPath, webhookReceiver } from 'payout-guard/web';
import { closeAll } from '../providers/support.js';
import { changed } from '../support/stores.js';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { type Received, received, signed } from './receiver-support.js';

const warnings = collectWarnings();
const worlds: Received[] = [];

async function world(...options: Parameters<typeof received>): Promise<Received> {
  const made = await received(...options);
  worlds.push(made);
  return made;
}

afterEach(async () => {
  for (const { guard } of worlds.splice(0)) await guard.close({ waitMs: 0 });
  await closeAll();
});

const event = Buffer.from('{ "ref": "p-1" }');

describe('a signed webhook', () => {
  it('is read whatever the case of its header, and refused when the header came twice', async () => {
    const acme = await world();
    const [signature] = Object.values(signed(event));
    const status = async (headers: Record<string, string | string[]>) =>
      (await acme.receive({ rawBody: event, headers })).status;
    expect(await status({ 'X-SIGNATURE': `${signature}` })).toBe(200);
    expect(await status({ 'X-Signature': `${signature}`, 'x-signature': `${signature}` })).toBe(401);
    expect(await status({ 'x-signature': [`${signature}`, `${signature}`] })).toBe(401);
  });

  it('is taken as any kind of bytes', async () => {
    const acme = await world();
    for (const rawBody of [event, new Uint8Array(event)]) {
      expect(await acme.receive({ rawBody, headers: signed(event) })).toEqual({ status: 200 });
    }
  });

  it('that is forged asks neither the store nor the provider, however often it comes', async () => {
    let reads = 0;
    const acme = await world((memory) =>
      changed(memory, {
        get: (reference) => {
          reads += 1;
          return memory.get(reference);
        },
      }),
    );
    await acme.sent();
    reads = 0;
    const statuses = [];
    for (const headers of [{}, signed(Buffer.from('{"ref":"p-1"}')), { 'x-signature': 'x' }]) {
      for (let times = 0; times < 100; times += 1) {
        statuses.push((await acme.receive({ rawBody: event, headers })).status);
      }
    }
    expect([new Set(statuses), reads, acme.askedAtMs]).toEqual([new Set([401]), 0, []]);
  });

  it.each([
    ['text', '{"ref":"p-1"}'],
    ['parsed', { ref: 'p-1' }],
    ['nothing', undefined],
  ])('R4. whose body is %s is 503 and one warning, never 401', async (_, body) => {
    const acme = await world();
    const statuses = [];
    for (const headers of [signed(event), {}]) {
      statuses.push((await acme.receive({ rawBody: body as never, headers })).status);
    }
    expect(statuses).toEqual([503, 503]);
    expect(warnings.filter((warning) => warning.startsWith('PAYOUT_GUARD_WEBHOOK'))).toEqual([
      `PAYOUT_GUARD_WEBHOOK: The webhook route of wallet ${acme.wallet} needs the raw body: pass the bytes of the ` +
        'request as rawBody, before anything parses them.',
    ]);
    expect(acme.askedAtMs).toEqual([]);
  });

  it('is 200 without a look-up when it is about no payout of this guard', async () => {
    const acme = await world();
    const statuses = [];
    for (const reference of ['foreign', '', 'x'.repeat(129), 'has space']) statuses.push(await acme.notify(reference));
    const rawBody = Buffer.from('{"type":"login"}');
    statuses.push((await acme.receive({ rawBody, headers: signed(rawBody) })).status);
    expect([statuses, acme.askedAtMs]).toEqual([[200, 200, 200, 200, 200], []]);
  });

  it('is 503 while the store is down, and is looked up at once when it comes again', async () => {
    let isDown = false;
    const acme = await world((memory) =>
      changed(memory, {
        get: (reference) => {
          if (isDown) throw new Error('connection terminated');
          return memory.get(reference);
        },
      }),
    );
    await acme.sent();
    acme.state = 'PAID';
    isDown = true;
    expect([await acme.notify(), await acme.notify(), acme.askedAtMs]).toEqual([503, 503, []]);
    isDown = false;
    expect([await acme.notify(), await acme.stateOf()]).toEqual([200, 'captured']);
  });

  it('is 503 while the store cannot record the outcome', async () => {
    let isDown = false;
    const acme = await world((memory) =>
      changed(memory, {
        settle: (request) => {
          if (isDown) throw new Error('connection terminated');
          return memory.settle(request);
        },
      }),
    );
    await acme.sent();
    acme.state = 'PAID';
    isDown = true;
    expect([await acme.notify(), await acme.stateOf()]).toEqual([503, 'sent']);
    isDown = false;
    await acme.guard.close();
    expect(await acme.stateOf()).toBe('captured');
  });
});

describe('a receiver is not made', () => {
  const secret = 'a secret of the application, long enough'.replaceAll(' ', '-');
  const referenceOf = () => 'p-1';
  const webhook = { read: () => undefined };
  const [bare, signing, unsigned] = [
    scriptedWallet().guard(),
    scriptedWallet('0', { webhook }).guard(),
    scriptedWallet('0', { callback: { referenceOf } }).guard(),
  ];

  it.each<[string, () => unknown, RegExp]>([
    [
      'without webhooks',
      () => webhookReceiver(bare),
      /wallets\.default: scripted has no webhooks that can be verified/,
    ],
    [
      'for unsigned callbacks without a secret',
      () => webhookReceiver(unsigned),
      /does not sign .* pass callbackSecret/,
    ],
    [
      'for a body that the application reads, without a secret',
      () => webhookReceiver(bare, { referenceOf }),
      /does not/,
    ],
    [
      'for callbacks that no one reads',
      () => webhookReceiver(bare, { callbackSecret: secret }),
      /no callbacks that its adapter reads; pass referenceOf/,
    ],
    [
      'with a secret path for signed webhooks',
      () => webhookReceiver(signing, { callbackSecret: secret }),
      /scripted signs its webhooks; leave out callbackSecret/,
    ],
    [
      'with a secret that can be guessed',
      () => webhookReceiver(unsigned, { callbackSecret: 'x'.repeat(31) }),
      /callbackSecret: must be 32 to 1,000 characters without spaces/,
    ],
    ['with no secret of several', () => webhookReceiver(unsigned, { callbackSecret: [] }), /callbackSecret/],
    ['without a guard', () => webhookReceiver(undefined as never), /guard: must be what createPayoutGuard returns/],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow(message);
  });
});

describe('callbackPath', () => {
  const secret = 'e3b0c44298fc1c149afbf4c8996fb924';

  it('is the same after a restart, and another one for each wallet and each secret', () => {
    expect(callbackPath(secret, 'jpay-kes')).toBe(callbackPath(secret, 'jpay-kes'));
    const paths = [secret, `${secret}x`].flatMap((key) => ['jpay-kes', 'mtn-ugx'].map((w) => callbackPath(key, w)));
    expect(new Set(paths).size).toBe(4);
  });

  it('has 256 bits in characters of an address, and nothing of the secret', () => {
    const path = callbackPath(secret, 'jpay-kes');
    expect(path).toMatch(/^[\w-]{43}$/);
    expect(Buffer.from(path, 'base64url')).toHaveLength(32);
    const forms = [
      path,
      Buffer.from(path, 'base64url').toString('utf8'),
      Buffer.from(path, 'base64url').toString('hex'),
    ];
    for (const form of forms) expect(form).not.toContain(secret.slice(0, 6));
  });

  it.each(['', 'short', 'x'.repeat(1_001), 'has spaces, and is longer than that', undefined])(
    'takes no secret that can be guessed: %s',
    (weak) => {
      expect(() => callbackPath(weak as string, 'jpay-kes')).toThrow(
        /secret: (must be 32 to 1,000 characters|Invalid input: expected string)/,
      );
    },
  );
});
