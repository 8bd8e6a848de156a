// Access to the console, and the headers of every answer.
import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { payoutConsole } from 'payout-guard/console';
import { scriptedWallet, stoppedClock } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';
import { ada, codeOf, isFrozen, opensConsoles, postAction, reader } from './console-app.js';

const warnings = collectWarnings();
const open = opensConsoles();

const addresses = [
  '',
  'api/session',
  'api/overview',
  'api/stream',
  'api/chart',
  'api/payouts',
  'api/payout?reference=a',
  'api/refusals',
  'api/drift',
  'api/alerts',
  'api/report.csv?day=2024-05-06',
  'assets/console.js',
];

describe('authorize', () => {
  it('is required, and a wrong option is named', () => {
    const guard = { internals: { wallet: () => {} } } as never;
    const message = /authorize.*secret.*basePath.*origins.*sekret/;
    const options = { basePath: 'ops/', secret: 'short', origins: ['ops.example/x'], sekret: '' };
    expect(() => payoutConsole(guard, options as never)).toThrow(
      expect.objectContaining({ code: 'configuration', message: expect.stringMatching(message) }),
    );
    expect(() => payoutConsole(undefined as never, { authorize: () => false })).toThrow(/guard: must be/);
  });

  it.each([
    ['false', () => false],
    ['true', () => true],
    ['nothing', () => undefined],
    ['null', () => null],
    ['a name', () => 'ada'],
    ['a user without a name', () => ({ canAct: true })],
    ['an empty name', () => ({ name: '', canAct: true })],
    ['a name of two lines', () => ({ name: 'a\nb', canAct: true })],
    ['a user without canAct', () => ({ name: 'ada' })],
    ['a canAct that is text', () => ({ name: 'ada', canAct: 'true' })],
    ['a function', () => () => ada],
    ['a promise of false', async () => false],
    ['a promise of nothing', async () => undefined],
  ])('F1. that answers %s is answered with 403 everywhere, and shows nothing', async (_, authorize) => {
    const app = await open({ console: { authorize: authorize as never } });
    for (const address of addresses) {
      const response = await fetch(`${app.url}${address}`);
      const text = await response.text();
      expect([address, response.status, JSON.parse(text).code]).toEqual([address, 403, 'forbidden']);
      expect(text).not.toContain('10000.00');
    }
    expect(await codeOf(await postAction(app))).toEqual([403, 'forbidden']);
    expect(await isFrozen(app)).toBe(false);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('secret-in-a-message');
      },
    ],
    ['rejects', () => Promise.reject(new Error('secret-in-a-message'))],
  ])('that %s is answered with 403 and reported', async (_, authorize) => {
    const app = await open({ console: { authorize } });
    const response = await fetch(`${app.url}api/overview`);
    expect(await codeOf(response)).toEqual([403, 'forbidden']);
    expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_CONSOLE']);
    expect(warnings.join()).not.toContain('secret-in-a-message');
  });

  it('that never answers is answered with 503 after 10 seconds, and reported once', async () => {
    const clock = stoppedClock();
    const guard = scriptedWallet().guard({ clock });
    const pages = payoutConsole<Request>(guard, { authorize: () => new Promise(() => {}) });
    const { timers } = clock;
    for (const address of ['', 'api/overview', 'api/stream']) {
      const asked = pages.fetch(new Request(`http://x/${address}`));
      await clock.pass(10_000);
      const response = await asked;
      expect([address, response.status, await response.json()]).toEqual([
        address,
        503,
        {
          code: 'authorize_timeout',
          message: 'The application did not decide in time who may see this. Try again.',
        },
      ]);
    }
    expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_CONSOLE']);
    expect(warnings[0]).toContain('did not answer within 10 s');
    expect(clock.timers).toBe(timers);
    await guard.close();
  });

  it('is awaited, and receives the request of the framework', async () => {
    const authorize = async (request: IncomingMessage) => {
      await new Promise((resolve) => setImmediate(resolve));
      return request.headers.cookie === 'session=1' && { name: 'ada', canAct: true, email: 'more is allowed' };
    };
    const app = await open({ console: { authorize } });
    expect((await fetch(`${app.url}api/overview`)).status).toBe(403);
    expect((await fetch(`${app.url}api/overview`, { headers: { cookie: 'session=1' } })).status).toBe(200);
  });
});

describe('every answer', () => {
  it('forbids frames, inline code and other origins, and is not kept', async () => {
    const app = await open();
    app.user = reader;
    for (const address of ['', 'api/overview', 'nothing', 'api/payout?reference=none']) {
      const { headers } = await fetch(`${app.url}${address}`);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|https?:|\*|data:/);
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('of an asset may be kept for ever, because its name changes with it', async () => {
    const app = await open();
    const html = await (await fetch(app.url)).text();
    const names = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name]) => String(name));
    expect(names.map((name) => name.replace(/-[0-9a-f]{12}\./, '-#.'))).toEqual([
      'assets/icon-#.svg',
      'assets/console-#.css',
      'assets/console-#.js',
    ]);
    for (const name of names) {
      const response = await fetch(`${app.url}${name}`);
      expect([response.status, response.headers.get('cache-control')]).toEqual([
        200,
        'private, max-age=31536000, immutable',
      ]);
      const head = await fetch(`${app.url}${name}`, { method: 'HEAD' });
      expect([head.status, await head.text()]).toEqual([200, '']);
    }
    expect(html).not.toMatch(/<style|<script>|style=|onload/);
  });

  it('to an address without its last slash leads to the page, with its filters', async () => {
    const app = await open();
    const response = await fetch(`${app.url.slice(0, -1)}?page=payouts`, { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([302, './payouts/?page=payouts']);
    expect((await fetch(app.url.slice(0, -1))).url).toBe(app.url);
  });
});
