// Every page is free of serious barriers, in light and dark: cases of pages.test.ts.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, it } from '@jest/globals';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import type { TestBrowser } from '../support/chromium.js';
import { type ConsoleApp, opensConsoles } from './console-app.js';
import { show } from './operator-cases.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const pages: readonly (readonly [string, string, (page: Page) => Promise<unknown>])[] = [
  ['the overview', '?', (page) => page.locator('canvas').waitFor()],
  ['payouts', '?page=payouts', (page) => page.locator('tbody tr').first().waitFor()],
  ['a payout', '?page=payout&reference=a', (page) => page.locator('.entry').first().waitFor()],
  [
    'the confirmation of an action',
    '?page=payout&reference=a',
    async (page) => {
      await page.getByRole('button', { name: 'Capture' }).click();
      await page.getByLabel('Reason').waitFor();
    },
  ],
  ['refusals', '?page=refusals', (page) => page.locator('table.rule').first().waitFor()],
  ['unexplained changes', '?page=drift', (page) => page.locator('.entry').first().waitFor()],
  ['operators', '?page=operators', (page) => page.locator('.entry').first().waitFor()],
  ['alerts', '?page=alerts', (page) => page.locator('.entry').first().waitFor()],
  ['the day report', '?page=report', (page) => page.getByText('Download CSV').waitFor()],
  ['an error', '?page=payout&reference=none', (page) => page.getByRole('alert').waitFor()],
];

export function accessibilityCases(browserOf: () => TestBrowser): void {
  const open = opensConsoles();

  it('has no serious barrier on any page, in light and dark', async () => {
    const app = await open();
    await fill(app);
    const { page } = await browserOf().page({ bypassCSP: true });
    await page.goto(app.url);
    await page.evaluate(axe);
    for (const [name, address, ready] of pages) {
      await show(page, address);
      await ready(page);
      expect([name, await barriers(page)]).toEqual([name, []]);
      // The same elements in other colours.
      await page.emulateMedia({ colorScheme: 'dark' });
      expect([name, 'dark', await barriers(page, 'color-contrast')]).toEqual([name, 'dark', []]);
      await page.emulateMedia({ colorScheme: 'light' });
    }
  });

  it('finds a barrier where there is one', async () => {
    const app = await open();
    const { page } = await browserOf().page({ bypassCSP: true });
    await page.goto(`${app.url}?page=report`);
    await page.getByText('Download CSV').waitFor();
    await page.evaluate(`document.querySelector('main').insertAdjacentHTML(
      'beforeend', '<p style="color: #888; background: #999">grey</p><input>')`);
    await page.evaluate(axe);
    expect(await barriers(page)).toEqual(['color-contrast: p:nth-child(4)', 'label: #main > input']);
    expect(await barriers(page, 'color-contrast')).toEqual(['color-contrast: p:nth-child(4)']);
  });
}

async function fill({ guard, history }: ConsoleApp): Promise<void> {
  await guard.hold({ amount: '10.00', reference: 'a', state: 'sent', metadata: { payee: 'b' } });
  await guard.hold({ amount: '99999.00', reference: 'c' }).catch(() => {});
  await guard.freeze('default', 'audit');
  const about = { at: new Date(), wallet: 'default', amount: '1.00' };
  history.add([
    { ...about, kind: 'drift', data: { currency: 'KES', direction: 'debit', expected: '1.00', actual: '2.00' } },
    { ...about, kind: 'operator', data: { action: 'freeze', operator: 'ada', reason: 'audit' } },
  ]);
}

/** The findings of axe that are serious or critical, by its rule and place; of one rule if it is given. */
async function barriers(page: Page, rule?: string): Promise<string[]> {
  const options = { resultTypes: ['violations'], ...(rule && { runOnly: { type: 'rule', values: [rule] } }) };
  const { violations } = (await page.evaluate(`axe.run(${JSON.stringify(options)})`)) as AxeResults;
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
}
