// Photographs the console with a day of the demo, in light and dark: the images of the README. Needs Chromium.
// `npm run images`
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { consoleDay } from '../examples/support/console-day.js';
import { TestBrowser } from '../test/support/chromium.js';
import { writeConsoleAssets } from './console-assets.mjs';

const folder = 'docs/images';

await writeConsoleAssets();
const { payoutConsole } = await import('payout-guard/console');
const day = await consoleDay();
const authorize = () => ({ name: 'ada', canAct: true });
const server = createServer(payoutConsole(day.guard, { authorize, history: day.history, monitor: day.monitor }));
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
const browser = await TestBrowser.start();
for (const colorScheme of ['light', 'dark'] as const) {
  const { page } = await browser.page({ colorScheme, viewport: { width: 1_000, height: 640 } });
  await page.goto(url);
  await page.locator('canvas').first().waitFor();
  await page.getByText('Live').waitFor();
  await page.screenshot({ path: `${folder}/console-${colorScheme}.png` });
}
await browser.close();
server.closeAllConnections();
server.close();
await day.close();
