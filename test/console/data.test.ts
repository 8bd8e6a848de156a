// The data of the console's pages.
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { createPayoutGuard, type HoldStore, memoryStore, observing } from 'payout-guard';
import { payoutConsole } from 'payout-guard/console';
import { type HistoryEntry, memoryHistory, recordHistory } from 'payout-guard/history';
import { createMonitor } from 'payout-guard/monitor';
import { bundleConsole } from '../../scripts/console-assets.mjs';
import { entriesOfKinds } from '../../src/operate/index.js';
import { scriptedWallet, stoppedClock } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { ada, type ConsoleApp, opensConsoles } from './console-app.js';

collectWarnings();
const open = opensConsoles();

async function read<T = Record<string, unknown>>(app: Pick<ConsoleApp, 'url'>, address: string): Promise<T> {
  const response = await fetch(`${app.url}api/${address}`);
  expect([address, response.status]).toEqual([address, 200]);
  return (await response.json()) as T;
}

describe('the overview', () => {
  it('has each wallet in its own currency, and no sum of two', async () => {
    const [kes, ugx] = [scriptedWallet('1000.50'), scriptedWallet('7000')];
    ugx.balance = { available: '7000', currency: 'UGX' };
    const guard = createPayoutGuard({
      wallets: {
        kes: { provider: kes.provider, currency: 'KES', floor: '100.00' },
        ugx: { provider: ugx.provider, currency: 'UGX' },
      },
      clock: stoppedClock(),
    });
    await guard.hold({ wallet: 'kes', amount: '200.25', reference: 'a', state: 'sent' });
    const pages = payoutConsole<Request>(guard, { authorize: () => ada });
    const overview = await (await pages.fetch(new Request('http://x/api/overview'))).json();
    expect(overview).toEqual({
      at: '2023-11-14T22:13:20.000Z',
      isObserving: false,
      isClosed: false,
      isStoreUnreachable: false,
      wallets: [
        expect.objectContaining({
          wallet: 'kes',
          currency: 'KES',
          exponent: 2,
          provider: 'scripted',
          funds: expect.objectContaining({
            available: '1000.50',
            held: '200.25',
            spendable: '700.25',
            floor: '100.00',
          }),
        }),
        expect.objectContaining({
          wallet: 'ugx',
          currency: 'UGX',
          exponent: 0,
          funds: expect.objectContaining({ available: '7000', held: '0', spendable: '7000', floor: '0' }),
        }),
      ],
    });
    await guard.close();
  });

  it('shows that the guard observes, that a store is away or recovers, and that a provider is down', async () => {
    const observed = await open({ watch: observing });
    expect(await read(observed, 'overview')).toMatchObject({ isObserving: true });

    const away = await open({ guard: { store: storeWith({ totals: () => Promise.reject(new Error('down')) }) } });
    expect(await read(away, 'overview')).toMatchObject({
      isStoreUnreachable: true,
      wallets: [{ problem: { code: 'balance_unavailable', reason: 'store' } }],
    });

    const totals = async () => ({ epoch: 'e', active: 0n, captured: 0n, recoveringForMs: 9_000 });
    const recovering = await open({ guard: { store: storeWith({ totals }) } });
    expect(await read(recovering, 'overview')).toMatchObject({
      isStoreUnreachable: false,
      wallets: [{ recoveringForMs: 9_000 }],
    });

    const down = await open();
    down.wallet.answer = () => Promise.reject(new Error('secret-in-a-message'));
    await down.guard.freeze('default', 'audit');
    const overview = await read(down, 'overview');
    expect(overview).toMatchObject({
      wallets: [{ frozen: { reason: 'audit' }, problem: { reason: 'provider_error' } }],
    });
    expect(JSON.stringify(overview)).not.toContain('secret-in-a-message');
  });

  it("has the monitor's thresholds and runway", async () => {
    const clock = stoppedClock();
    const wallet = scriptedWallet('1000.00');
    const guard = wallet.guard({ clock, store: memoryStore({ clock }) });
    const wallets = [{ thresholds: ['900.00', '100.00'] }];
    const monitor = createMonitor(guard, { wallets, schedule: { everyMs: 60_000 }, onAlert: () => {} });
    const pages = payoutConsole<Request>(guard, { authorize: () => ada, monitor, history: memoryHistory() });
    await monitor.check();
    await guard.withHold({ amount: '200.00', reference: 'a', settles: 'onReturn' }, () => 'paid');
    wallet.balance = { available: '800.00', currency: 'KES' };
    clock.advance(3_600_000);
    await monitor.check();
    const [view] = ((await (await pages.fetch(new Request('http://x/api/overview'))).json()) as { wallets: object[] })
      .wallets;
    expect(view).toMatchObject({
      thresholds: ['900.00', '100.00'],
      runway: { perHour: '200.00', watchedMs: 3_600_000, emptyAt: new Date(clock.now() + 4 * 3_600_000).toISOString() },
    });
    const alerts = (await (await pages.fetch(new Request('http://x/api/alerts'))).json()) as { alerts: object[] };
    expect(alerts.alerts).toMatchObject([{ kind: 'low_balance', threshold: '900.00', spendable: '800.00' }]);
    const chart = await (await pages.fetch(new Request('http://x/api/chart'))).json();
    expect(chart).toMatchObject({ thresholds: ['900.00', '100.00'], alerts: [{ kind: 'low_balance' }] });
    await guard.close();
    await monitor.close();
  });
});

describe('payouts', () => {
  it('are listed by state, age, amount and text, in pages of 50', async () => {
    const app = await open();
    for (let index = 0; index < 60; index++) {
      const metadata = { payee: index % 2 === 0 ? 'Even' : 'odd' };
      await app.guard.hold({ amount: `${index + 1}.00`, reference: `p-${index}`, state: 'sent', metadata });
    }
    await app.guard.release('p-0');
    const pageOf = async (query: string) => {
      const { holds, next } = await read<{ holds: { reference: string }[]; next?: string }>(app, `payouts?${query}`);
      return { references: holds.map(({ reference }) => reference), next };
    };
    const first = await pageOf('state=sent');
    expect([first.references.length, first.references[0]]).toEqual([50, 'p-1']);
    const second = await pageOf(`state=sent&after=${first.next}`);
    expect([second.references, second.next]).toEqual([
      ['p-51', 'p-52', 'p-53', 'p-54', 'p-55', 'p-56', 'p-57', 'p-58', 'p-59'],
      undefined,
    ]);
    expect((await pageOf('state=released')).references).toEqual(['p-0']);
    expect((await pageOf('reference=p-7')).references).toEqual(['p-7']);
    expect((await pageOf('text=EVEN&amountFrom=55&amountTo=59')).references).toEqual(['p-54', 'p-56', 'p-58']);
    expect((await pageOf('olderThanMs=3600000')).references).toEqual([]);
  });

  it.each([
    'state=paid',
    'olderThanMs=-1',
    'olderThanMs=x',
    'amountFrom=1,5',
    'wallet=other',
    `text=${'x'.repeat(513)}`,
  ])('are not listed by %s: the answer names the mistake', async (query) => {
    const app = await open();
    await app.guard.hold({ amount: '1.00', reference: 'a' });
    const response = await fetch(`${app.url}api/payouts?${query}`);
    expect(response.status).toBe(400);
    expect(((await response.json()) as { message: string }).message).toMatch(/must be|not|Invalid/);
  });

  it('have a whole life, also one that was refused, and 404 for one that never was', async () => {
    const app = await open();
    await app.guard.withHold({ amount: '10.00', reference: 'a', settles: 'onReturn' }, () => 'paid');
    await app.guard.hold({ amount: '99999.00', reference: 'b' }).catch(() => {});
    const paid = await read<{ hold: object; entries: { kind: string }[] }>(app, 'payout?reference=a');
    expect(paid.hold).toMatchObject({ state: 'captured', captured: '10.00' });
    expect(paid.entries.map(({ kind }) => kind)).toEqual(['approved', 'held', 'captured']);
    const refused = await read<{ entries: { data: object }[] }>(app, 'payout?reference=b');
    expect(refused).not.toHaveProperty('hold');
    expect(refused.entries.map(({ data }) => data)).toMatchObject([{ required: '99999.00', shortfall: '90009.00' }]);
    expect((await fetch(`${app.url}api/payout?reference=c`)).status).toBe(404);
    expect((await fetch(`${app.url}api/payout`)).status).toBe(400);
  });
});

describe('the history', () => {
  it('pages through entries of several kinds, newest first, and leaves out and repeats none', async () => {
    const history = memoryHistory();
    const at = (ms: number) => new Date(1_700_000_000_000 + ms);
    const entry = (kind: HistoryEntry['kind'], ms: number, reference: string) => ({
      kind,
      at: at(ms),
      reference,
      data: {},
    });
    for (let index = 0; index < 40; index++) {
      // Several of one moment, and one kind that is denser than the other.
      history.add([entry('insufficient', Math.floor(index / 3), `i${index}`)]);
      if (index % 5 === 0) history.add([entry('checkFailed', index, `c${index}`)]);
    }
    const found: string[] = [];
    let to: Date | undefined;
    for (let pages = 0; pages < 50; pages++) {
      const page = await entriesOfKinds(history, ['insufficient', 'checkFailed'], { limit: 4, to });
      found.push(...page.entries.map(({ reference }) => String(reference)));
      to = page.before;
      if (to === undefined) break;
    }
    const times = found.map((name) =>
      name.startsWith('i') ? Math.floor(Number(name.slice(1)) / 3) : Number(name.slice(1)),
    );
    expect(times).toEqual([...times].sort((one, other) => other - one));
    expect(found.toSorted()).toEqual(
      [
        ...Array.from({ length: 40 }, (_, index) => `i${index}`),
        ...Array.from({ length: 8 }, (_, index) => `c${index * 5}`),
      ].toSorted(),
    );
  });

  it('goes on where one moment has more entries than a page', async () => {
    const history = memoryHistory();
    const at = new Date(1_700_000_000_000);
    history.add(Array.from({ length: 9 }, () => ({ kind: 'drift' as const, at, data: {} })));
    history.add([{ kind: 'drift', at: new Date(at.getTime() - 1), data: {} }]);
    const first = await entriesOfKinds(history, ['drift'], { limit: 4 });
    expect([first.entries.length, first.before]).toEqual([10, undefined]);
  });

  it('is a day report as CSV, and an explanation where there is none', async () => {
    const app = await open();
    await app.guard.withHold({ amount: '10.00', reference: 'a', settles: 'onReturn' }, () => 'paid');
    const day = new Date().toISOString().slice(0, 10);
    const response = await fetch(`${app.url}api/report.csv?wallet=default&day=${day}&timeZone=UTC`);
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename="default-${day}.csv"`);
    const [names = '', values = ''] = (await response.text()).split('\r\n');
    const column = names.split(',').indexOf('captured');
    expect(values.split(',')[column]).toBe('10.00');
    expect((await fetch(`${app.url}api/report.csv?day=yesterday`)).status).toBe(400);

    const without = await open({ console: { history: undefined } });
    expect(await read(without, 'session')).toMatchObject({ hasHistory: false, hasMonitor: false });
    for (const page of ['refusals', 'drift', 'alerts']) {
      expect(await read(without, page)).toMatchObject({ hasHistory: false, entries: [] });
    }
    expect((await fetch(`${without.url}api/report.csv?day=${day}`)).status).toBe(404);
  });

  it('is read at slots of time for a chart, where it is dense', async () => {
    const clock = stoppedClock();
    const wallet = scriptedWallet('100000.00');
    const guard = wallet.guard({ clock, store: memoryStore({ clock }) });
    const history = memoryHistory({ maxEntries: 100_000 });
    recordHistory(guard, history);
    for (let index = 0; index < 700; index++) {
      await guard.hold({ amount: '1.00', reference: `p-${index}`, state: 'sent' });
      clock.advance(60_000);
    }
    const pages = payoutConsole<Request>(guard, { authorize: () => ada, history });
    const response = await pages.fetch(new Request('http://x/api/chart?hours=24'));
    const { points } = (await response.json()) as { points: { atMs: number; spendable?: string }[] };
    const spendable = points.flatMap((point) => point.spendable ?? []);
    expect(spendable.length).toBeGreaterThan(40);
    expect(spendable.length).toBeLessThanOrEqual(96);
    // The last of its slot: after 700 holds of 1.00, before the last one.
    expect(spendable.at(-1)).toBe('99301.00');
    expect(points.map(({ atMs }) => atMs)).toEqual(
      points.map(({ atMs }) => atMs).toSorted((one, other) => one - other),
    );
    await guard.close();
  });
});

it('the script and style of the page weigh less than 90 kB gzipped, without source maps', async () => {
  const { script, style } = await bundleConsole();
  const bytes = gzipSync(script).length + gzipSync(style).length;
  // A page far below today's 42 kB lacks code.
  expect(bytes).toBeGreaterThan(25_000);
  expect(bytes).toBeLessThan(90_000);
  expect(script + style).not.toMatch(/sourceMappingURL|https?:\/\/(?!www\.w3\.org)/);
});

/** A memory store with some answers of the test. */
function storeWith(answers: Partial<HoldStore>): HoldStore {
  return new Proxy(memoryStore(), {
    get: (store, name) => {
      const answer = answers[name as keyof HoldStore] ?? store[name as keyof HoldStore];
      return typeof answer === 'function' ? answer.bind(store) : answer;
    },
  });
}
