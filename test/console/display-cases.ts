// The content of the pages: states that are not known, texts that deceive, long lists. Cases of pages.test.ts.
import { expect, it } from '@jest/globals';
import { type HoldStore, memoryStore } from 'payout-guard';
import type { HistoryEntry } from 'payout-guard/history';
import type { TestBrowser } from '../support/chromium.js';
import { opensConsoles } from './console-app.js';
import { live, show } from './operator-cases.js';

export function displayCases(browserOf: () => TestBrowser): void {
  const open = opensConsoles();

  it('shows no spendable amount in bold that cannot be spent, and no freeze that it does not know', async () => {
    const away = { isAway: false };
    const app = await open({ guard: { store: storeThatLeaves(away) } });
    const { page } = await browserOf().page();
    await page.goto(app.url);
    await live(page);
    const spendable = page.locator('.figure-spendable');
    const weight = () => page.evaluate(`getComputedStyle(document.querySelector('.figure-spendable dd')).fontWeight`);
    expect(await weight()).toBe('700');
    await app.guard.freeze('default', 'audit');
    await spendable.getByText('not until it is unfrozen').waitFor();
    expect([await spendable.locator('.amount').textContent(), await weight()]).toEqual(['10000.00', '400']);
    away.isAway = true;
    await app.guard.hold({ amount: '1.00', reference: 'a' }).catch(() => {});
    await page.getByText('frozen or not: unknown').waitFor();
    await page.getByText('Store unreachable.').waitFor();
    expect(await spendable.textContent()).toBe('Spendableunknownnot now: payouts are refused');
    expect(await page.getByText('not approved').count()).toBe(0);
    away.isAway = false;
    await page.locator('.state-frozen').waitFor();
  });

  it('says that the guard was closed, and blames no provider', async () => {
    const app = await open();
    const { page } = await browserOf().page();
    await page.goto(app.url);
    await live(page);
    await app.guard.close();
    await page.getByText('Stopped. The guard of this process is closed').waitFor();
    expect(await page.getByText('unreachable').count()).toBe(0);
  });

  it('shows characters that deceive as their codes, and isolates the direction of texts', async () => {
    const app = await open();
    const deceiving = 'KES 001\u202e005\u202c\u0000\u200b\u2066x';
    const shown = 'KES 001\\u{202E}005\\u{202C}\\u{0000}\\u{200B}\\u{2066}x';
    await app.guard.hold({ amount: '1.00', reference: 'a', state: 'sent', metadata: { note: 'שלום' } });
    const about = { at: new Date(), wallet: 'default', reference: 'a' };
    app.history.add([
      { ...about, kind: 'operator', data: { action: 'release', operator: deceiving, reason: deceiving } },
      { ...about, kind: 'drift', data: { currency: 'KES', direction: deceiving, expected: deceiving } },
      { ...about, kind: 'providerFailure', data: { code: 'x', message: deceiving } },
      { ...about, kind: 'captured', reference: deceiving, data: {} },
    ]);
    const { page } = await browserOf().page();
    await page.goto(`${app.url}?page=operators`);
    for (const [address, times] of [
      ['?page=operators', 2],
      ['?page=drift', 2],
      ['?page=alerts', 3],
      ['?page=payout&reference=a', 5],
      [`?page=payout&reference=${encodeURIComponent(deceiving)}`, 1],
    ] as const) {
      await show(page, address);
      await page.locator('.entry').or(page.getByRole('alert')).first().waitFor();
      const text = String(await page.evaluate('document.body.textContent'));
      expect([address, text.split(shown).length - 1]).toEqual([address, times]);
      expect([address, /[\p{Cf}\p{Cc}]/u.exec(text.replaceAll('\n', ''))]).toEqual([address, null]);
    }
    expect(await page.title()).toBe(`Payout ${shown} · Payouts`);
    await show(page, '?page=payouts');
    const note = page.locator('.metadata bdi').filter({ hasText: 'שלום' });
    await note.waitFor();
    expect(await page.evaluate(`getComputedStyle(document.querySelector('.metadata bdi')).unicodeBidi`)).toBe(
      'isolate',
    );
  });

  it('names the zone of its times', async () => {
    const app = await open();
    const { page } = await browserOf().page();
    await page.goto(`${app.url}?page=alerts`);
    await page.getByLabel('Before this time, Africa/Nairobi (UTC+3)').waitFor();
    await show(page, '?');
    await live(page);
    expect(await page.locator('.live time').textContent()).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\u00a0UTC\+3$/);
    expect(await page.locator('.live time').getAttribute('title')).toMatch(/ UTC$/);
    await page.getByText('Times of Africa/Nairobi (UTC+3)').waitFor();
  });

  it('shows alerts apart from operators, and a payout that stays overdue once', async () => {
    const app = await open();
    const startMs = Date.now() - 3_600_000;
    const entry = (kind: HistoryEntry['kind'], second: number, reference?: string): HistoryEntry => {
      const data = kind === 'operator' ? { action: 'lookUp', operator: 'ada' } : {};
      const at = new Date(startMs + second * 1_000);
      return { kind, at, wallet: 'default', data, ...(reference !== undefined && { reference }) };
    };
    const days = Array.from({ length: 30 }, (_, second) => entry('overdue', second, 'late'));
    app.history.add([...days, entry('neverSeen', 40, 'late'), entry('operator', 41, 'late'), entry('unfrozen', 42)]);
    const { page } = await browserOf().page();
    await page.goto(`${app.url}?page=alerts`);
    await page.locator('.entry').first().waitFor();
    const heads = async () => (await page.locator('.entry-head strong').allTextContents()).join();
    expect(await heads()).toBe('The provider has no record of it,Overdue: looked up, no outcome');
    expect(await page.locator('.entry-overdue .times').textContent()).toMatch(
      /^ 30 times since .*, this is the last one$/,
    );
    await show(page, '?page=operators');
    await page.locator('.entry').first().waitFor();
    expect(await heads()).toBe('Wallet unfrozen,Action of an operator');
  });

  it('lists payouts as cards on a phone, with every value in sight', async () => {
    const app = await open();
    await app.guard.hold({ amount: '10.00', reference: 'a', state: 'sent', metadata: { payee: 'somebody' } });
    const { page } = await browserOf().page({ viewport: { width: 360, height: 700 } });
    await page.goto(`${app.url}?page=payouts`);
    const row = page.locator('tbody tr');
    await row.waitFor();
    for (const text of ['a', '→ sent', '10.00', 'KES', 'default', 'payee: somebody']) {
      const box = await row.getByText(text, { exact: true }).or(row.getByText(text)).first().boundingBox();
      expect([text, box !== null && box.x >= 0 && box.x + box.width <= 360]).toEqual([text, true]);
    }
    const widths = `[...document.querySelectorAll('section.scroll')].map((one) => one.scrollWidth - one.clientWidth)`;
    expect(await page.evaluate(widths)).toEqual([0]);
  });

  it('draws a wallet with dozens of alerts', async () => {
    const app = await open();
    const at = (index: number) => new Date(Date.now() - index * 600_000);
    app.history.add(
      Array.from({ length: 90 }, (_, index) => ({ kind: 'drift', at: at(90 - index), wallet: 'default', data: {} })),
    );
    const { page, problems } = await browserOf().page();
    await page.goto(app.url);
    await page.locator('canvas').waitFor();
    // Pixels of the colour of alerts: a line for each over the whole height would be half of a hundred thousand.
    const pixels = await page.evaluate(`{
      const canvas = document.querySelector('canvas');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let at = 0; at < data.length; at += 4) {
        if (data[at] > 150 && data[at + 1] < 90 && data[at + 2] < 90 && data[at + 3] > 200) count += 1;
      }
      count;
    }`);
    expect(pixels).toBeGreaterThan(500);
    expect(pixels).toBeLessThan(6_000);
    expect(problems).toEqual([]);
  });
}

/** A memory store that throws while it is away. */
function storeThatLeaves(state: { isAway: boolean }): HoldStore {
  return new Proxy(memoryStore(), {
    get: (target, name) => {
      const value = target[name as keyof HoldStore];
      if (typeof value !== 'function') return value;
      return (...given: never[]) => {
        if (state.isAway) throw new Error('down');
        return (value as (...all: never[]) => unknown).apply(target, given);
      };
    },
  });
}
