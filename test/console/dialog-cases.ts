// Dialogs and the focus of the keyboard, while data arrives and others act: cases of browser.test.ts.
import { expect, it } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import type { TestBrowser } from '../support/chromium.js';
import { opensConsoles } from './console-app.js';
import { act, live } from './operator-cases.js';

export function dialogCases(browserOf: () => TestBrowser): void {
  const open = opensConsoles();

  it('shows its question when it is opened again before the page has seen that it was closed', async () => {
    const app = await open();
    await app.guard.hold({ amount: '100.00', reference: 'a', state: 'sent' });
    const { page } = await browserOf().page();
    await page.goto(`${app.url}?page=payout&reference=a`);
    await page.getByRole('button', { name: 'Release' }).click();
    await page.getByLabel('Reason').fill('of the first time');
    await page.evaluate(`{
      const [dialog] = document.querySelectorAll('dialog[open]');
      dialog.close();
      document.querySelector('button.release').click();
    }`);
    await emptyReason(page).waitFor();
    await page.keyboard.press('Escape');
    await page.locator('button.release:focus').waitFor();
    expect(await page.getByRole('dialog').count()).toBe(0);
  });

  it('gives the focus back to its button after Escape and Cancel, and keeps it while data arrives', async () => {
    const app = await open();
    const { page } = await browserOf().page();
    await page.goto(app.url);
    await live(page);
    for (const end of ['Escape', 'Cancel']) {
      await page.getByRole('button', { name: 'Freeze' }).click();
      await page.getByLabel('Reason').fill('because');
      await app.guard.hold({ amount: '1000.00', reference: end, state: 'sent' });
      const left = end === 'Escape' ? '9000.00' : '8000.00';
      await page.locator('.figure-spendable .amount').filter({ hasText: left }).waitFor();
      expect(await page.locator('input[name=reason]:focus').inputValue()).toBe('because');
      if (end === 'Escape') await page.keyboard.press('Escape');
      else await page.getByRole('button', { name: 'Cancel' }).click();
      await page.locator('button.freeze:focus').waitFor();
    }
    await app.guard.hold({ amount: '1000.00', reference: 'c', state: 'sent' });
    await page.locator('.figure-spendable .amount').filter({ hasText: '7000.00' }).waitFor();
    expect(await page.locator('button.freeze:focus').count()).toBe(1);
  });

  it('moves the focus to the page when its button is gone', async () => {
    const app = await open();
    await app.guard.hold({ amount: '100.00', reference: 'a', state: 'sent' });
    const { page } = await browserOf().page();
    await page.goto(`${app.url}?page=payout&reference=a`);
    await act(page, 'Release', 'Release 100.00 KES', 'not in the dashboard');
    await page.locator('button.release').waitFor({ state: 'detached' });
    await page.locator('main:focus').waitFor();
    await page.keyboard.press('Tab');
    expect(await page.locator('button.capture:focus').count()).toBe(1);
  });

  it('asks about what the operator saw: a freeze never becomes an unfreeze', async () => {
    const app = await open();
    const { page } = await browserOf().page();
    await page.goto(app.url);
    await live(page);
    await page.getByRole('button', { name: 'Freeze' }).click();
    await page.getByLabel('Reason').fill('audit');
    await app.guard.freeze('default', 'a colleague was faster');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Wallet default is frozen.').waitFor();
    expect(await dialog.getAttribute('aria-label')).toBe('Freeze');
    expect(await dialog.getByRole('button').allTextContents()).toEqual(['Close']);
    await page.keyboard.press('Enter');
    await page.locator('button.unfreeze:focus').waitFor();
    expect((await app.guard.funds()).frozen?.reason).toBe('a colleague was faster');
  });

  it('asks nothing about a payout that was released meanwhile, and says so', async () => {
    const app = await open();
    await app.guard.hold({ amount: '100.00', reference: 'a', state: 'sent' });
    const { page } = await browserOf().page();
    await page.goto(`${app.url}?page=payout&reference=a`);
    await page.getByRole('button', { name: 'Capture' }).click();
    await page.getByLabel('Reason').fill('in the statement');
    await app.guard.release('a');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('The payout is released now; it was sent.').waitFor();
    expect(await dialog.getByRole('button').allTextContents()).toEqual(['Close']);
    await page.keyboard.press('Enter');
    await page.locator('button.capture:focus').waitFor();
    // Opened on what is shown now, it asks about that.
    await page.keyboard.press('Enter');
    await emptyReason(page).waitFor();
    await page.keyboard.press('Escape');
    // A button that is gone gives the focus of its dialog to the page.
    await app.guard.hold({ amount: '100.00', reference: 'b', state: 'sent' });
    await page.goto(`${app.url}?page=payout&reference=b`);
    await page.getByRole('button', { name: 'Release' }).click();
    await app.guard.release('b');
    await page.getByText('The payout is released now; it was sent.').waitFor();
    await page.keyboard.press('Enter');
    await page.locator('main:focus').waitFor();
    expect(await page.locator('dialog[open], button.release').count()).toBe(0);
  });

  it('asks a second time about an unusual debit, in words and with grouped digits', async () => {
    const app = await open();
    await app.guard.hold({ amount: '1500.00', reference: 'a', state: 'sent' });
    const { page } = await browserOf().page();
    await page.goto(`${app.url}?page=payout&reference=a`);
    await page.getByRole('button', { name: 'Capture' }).click();
    await page.getByLabel('Real debit').fill('1500000.00');
    await page.getByLabel('Reason').fill('in the statement');
    await page.getByRole('button', { name: 'Capture 1500000.00 KES' }).click();
    await page.getByText('1\u00a0000 times the held amount').waitFor();
    const question = page.getByRole('dialog').getByRole('alert');
    expect(await question.locator('.amount').first().locator('.group').allTextContents()).toEqual(['1', '500', '000']);
    const confirm = page.getByRole('button', { name: 'Capture 1500000.00 KES' });
    expect(await confirm.isDisabled()).toBe(true);
    await page.keyboard.press('Space');
    await page.locator('input[type=checkbox]:checked').waitFor();
    // Another amount is another question.
    await page.getByLabel('Real debit').fill('1650.01');
    await question.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Capture 1650.01 KES' }).click();
    await page.getByText('110 % of the held amount').waitFor();
    expect(await page.getByRole('button', { name: 'Capture 1650.01 KES' }).isDisabled()).toBe(true);
    expect(await app.guard.getHold('a')).toMatchObject({ state: 'sent' });
    await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Capture 1650.01 KES' }).click();
    await page.getByText('Debited', { exact: true }).waitFor();
    expect(await app.guard.getHold('a')).toMatchObject({ state: 'captured', captured: '1650.01' });
  });
}

/** The field of the reason: focused, and still empty, which a required field may not be. */
function emptyReason(page: Page): Locator {
  return page.locator('input[name=reason]:focus:invalid');
}
