// Texts of clients, providers and operators run no script: cases of pages.test.ts.
import { expect, it } from '@jest/globals';
import { BalanceUnavailableError } from 'payout-guard';
import type { HistoryKind } from 'payout-guard/history';
import type { TestBrowser, TestPage } from '../support/chromium.js';
import { opensConsoles } from './console-app.js';
import { show } from './operator-cases.js';

/** Each marks the window, or opens a dialog, if it runs. Without spaces, so that each can be a reference. */
const payloads = [
  '<script>alert(1)</script>',
  '<ScRiPt/x>window.ran=1</ScRiPt>',
  '<img/src=x/onerror=alert(1)>',
  '<svg/onload=window.ran=1>',
  '"><svg/onload=alert(1)>',
  "'><img/src=x/onerror='window.ran=1'>",
  '</td></tr></table><script>window.ran=1</script>',
  '</script><script>alert(1)</script>',
  '</style><svg/onload=alert(1)>',
  '</title><img/src=x/onerror=alert(1)>',
  '</textarea><iframe/srcdoc=<script>parent.ran=1</script>>',
  '<iframe/src=javascript:alert(1)>',
  '<a/href=javascript:alert(1)>click</a>',
  'javascript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '{{constructor.constructor("alert(1)")()}}',
  `\${window.ran=1}`,
  '<details/open/ontoggle=alert(1)>',
  '<math><mi/xlink:href="data:x,<script>alert(1)</script>">',
];

export function scriptCases(browserOf: () => TestBrowser): void {
  const open = opensConsoles();

  it('runs no script in a reference, metadata, reason or text of the provider, and shows each as it is', async () => {
    expect(payloads).toHaveLength(20);
    const app = await open();
    for (const payload of payloads) {
      await app.guard.hold({ amount: '1.00', reference: payload, state: 'sent', metadata: { note: payload } });
      await app.guard.hold({ amount: '99999.00', reference: `refused:${payload}` }).catch(() => {});
      app.history.add([
        entryOf('operator', { action: 'release', operator: payload, reason: payload }, payload),
        entryOf('drift', { currency: 'KES', direction: payload, expected: payload, actual: payload }),
        entryOf('providerFailure', { code: 'balance_unavailable', message: payload }),
      ]);
    }
    const tested = await browserOf().page();
    const { page } = tested;

    await page.goto(`${app.url}?page=payouts`);
    await page.locator('tbody tr').nth(19).waitFor();
    await expectLiteral(tested, payloads, 2);
    for (const name of ['refusals', 'drift', 'alerts']) {
      await show(page, `?page=${name}`);
      await page.locator('.entry').nth(19).waitFor();
      await expectLiteral(tested, payloads, 1);
    }
    // In the address of a page, in its title, and in a dialog. The first addresses are opened as links of others are.
    for (const [index, payload] of payloads.entries()) {
      const address = `?page=payout&reference=${encodeURIComponent(payload)}`;
      await (index < 3 ? page.goto(`${app.url}${address}`) : show(page, address));
      await page.locator('.entry-operator').waitFor();
      await page.evaluate(`document.querySelector('button.release').click()`);
      await page.getByLabel('Reason').waitFor();
      expect(await page.title()).toContain(payload);
      await expectLiteral(tested, [payload], 5);
    }
    // The overview: a reason of a freeze, and a failure of the provider.
    await page.goto(app.url);
    for (const payload of payloads) {
      await app.guard.freeze('default', payload);
      app.wallet.answer = () => Promise.reject(new BalanceUnavailableError('provider_error', { detail: payload }));
      await app.guard.funds({ refresh: true }).catch(() => {});
      await page.locator('.wallet .banner').filter({ hasText: payload }).waitFor();
      await expectLiteral(tested, [payload], 1);
    }
    await app.guard.unfreeze('default');
  });

  it('shows an error of the provider on the overview as it is', async () => {
    const app = await open({ guard: { cache: { maxAgeMs: 0 } } });
    const tested = await browserOf().page();
    await tested.page.goto(app.url);
    for (const payload of payloads) {
      app.wallet.answer = () => Promise.reject(new BalanceUnavailableError('provider_error', { detail: payload }));
      await app.guard.funds({ refresh: true }).catch(() => {});
      await tested.page.locator('.banner.bad').filter({ hasText: payload }).waitFor();
      await expectLiteral(tested, [payload], 1);
    }
  });

  it('runs no inline script and no string, even if one got into the page', async () => {
    const app = await open();
    const { page, problems } = await browserOf().page();
    await page.goto(app.url);
    // In a timer: what the driver evaluates itself is not under the policy.
    const inserted = await page.evaluate(`new Promise((resolve) => setTimeout(() => {
      const outcomes = [];
      const attempt = (run) => {
        try { run(); outcomes.push('inserted'); } catch (error) { outcomes.push(error.name); }
      };
      attempt(() => { document.body.innerHTML += '<img src=x onerror="window.ran=1">'; });
      attempt(() => {
        const script = document.createElement('script');
        script.append('window.ran=1');
        document.body.append(script);
      });
      attempt(() => { new Function('window.ran=1')(); });
      resolve(outcomes);
    }))`);
    expect(inserted).toEqual(['TypeError', 'inserted', 'EvalError']);
    expect(await page.evaluate('window.ran')).toBeUndefined();
    expect(problems.length).toBeGreaterThan(0);
  });

  function entryOf(kind: HistoryKind, data: Record<string, string>, reference?: string) {
    return {
      kind,
      at: new Date(),
      wallet: 'default',
      amount: '1.00',
      data,
      ...(reference !== undefined && { reference }),
    };
  }

  /** Each text is there so many times at least, letter for letter, and none has become an element or has run. */
  async function expectLiteral({ page, problems }: TestPage, texts: readonly string[], times: number): Promise<void> {
    const shown = String(await page.evaluate('document.body.textContent'));
    const counts = texts.map((text) => [text, Math.min(times, shown.split(text).length - 1)]);
    expect(counts).toEqual(texts.map((text) => [text, times]));
    const foreign = 'body script, body style, img, iframe, math, svg, a[href^="javascript"], a[href^="data"], mi';
    const made = await page.evaluate(`document.querySelectorAll('${foreign}').length`);
    expect([made, await page.evaluate('window.ran'), problems]).toEqual([0, undefined, []]);
  }
}
