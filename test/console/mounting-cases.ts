// The console in applications, behind proxies, and under attack from other sites: cases of browser.test.ts.
import { request as httpRequest, type RequestListener, type Server } from 'node:http';
import { afterEach, expect, it } from '@jest/globals';
import express from 'express';
import express4 from 'express4';
import helmet from 'helmet';
import type { ConsoleMessage } from 'playwright-core';
import type { TestBrowser } from '../support/chromium.js';
import { basePath, type ConsoleAppOptions, isFrozen, listen, opensConsoles } from './console-app.js';
import { act, live } from './operator-cases.js';

const mounts: readonly (readonly [string, ConsoleAppOptions])[] = [
  ['Express 4', { serve: (console) => express4().use(basePath, console) }],
  ["Express 5, with helmet's defaults", { serve: (console) => express().use(helmet()).use(basePath, console) }],
  [
    'a router in a router, with a body parser',
    {
      path: '/a/b/c/',
      serve: (console) => {
        const inner = express.Router().use('/c', console);
        return express().use(express.json()).use('/a', express.Router().use('/b', inner));
      },
    },
  ],
  ['node:http, at the root', { path: '/', serve: (console) => console }],
  ['node:http, with a base path', { serve: (console) => console, console: { basePath } }],
];

export function mountingCases(browserOf: () => TestBrowser): void {
  const open = opensConsoles();
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });
  const site = async (listener: RequestListener) => {
    const { server, url } = await listen(listener);
    servers.push(server);
    return url;
  };
  const pageOf = (html: string) => site((_, response) => response.setHeader('content-type', 'text/html').end(html));

  it.each(mounts)('lives and acts in %s', async (_, options) => {
    const app = await open(options);
    await checkPages(app.url);
    expect(await isFrozen(app)).toBe(true);
  });

  it('lives and acts behind a proxy that strips its path and changes the host', async () => {
    const app = await open({ path: '/', serve: (console) => console });
    const url = await site(proxyTo(app.url, '/tools/money'));
    await checkPages(`${url}/tools/money/`);
    expect(await isFrozen(app)).toBe(true);
  });

  /** The overview lives, a page is reached by a click and by its address, and an action is made. */
  async function checkPages(url: string): Promise<void> {
    const { page, problems, requests } = await browserOf().page();
    await page.goto(url);
    await live(page);
    await act(page, 'Freeze', 'Freeze default', 'audit');
    await page.getByText('Frozen since').waitFor();
    await page.getByRole('link', { name: 'Refusals' }).click();
    await page.getByText('No payout was refused.').waitFor();
    await page.reload();
    await page.getByText('No payout was refused.').waitFor();
    expect(problems).toEqual([]);
    expect(requests.filter((address) => !address.startsWith(url))).toEqual([]);
  }

  it('is shown in no frame of another site', async () => {
    const app = await open();
    const url = await pageOf(`<iframe src="${app.url}"></iframe>`);
    const { page } = await browserOf().page();
    const isAbout = (message: ConsoleMessage) => /frame/i.test(message.text());
    const [refused] = await Promise.all([page.waitForEvent('console', isAbout), page.goto(url)]);
    expect(refused.text()).toMatch(/frame-ancestors 'none'|X-Frame-Options/);
    expect(await page.frameLocator('iframe').locator('#app').count()).toBe(0);
  });

  it('does nothing for a page of another site, whatever its operator is signed in to', async () => {
    const app = await open();
    const url = await pageOf('<p>evil</p>');
    const { page } = await browserOf().page();
    await page.goto(url.replace('127.0.0.1', 'localhost'));
    const body = JSON.stringify({ action: 'freeze', wallet: 'default', reason: 'evil' });
    const plain = JSON.stringify({ method: 'POST', mode: 'no-cors', body });
    const json = JSON.stringify({ method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const answers = await page.evaluate(`Promise.all([
      fetch('${app.url}api/actions', ${plain}).catch(() => 'blocked'),
      fetch('${app.url}api/actions', ${json}).catch(() => 'blocked'),
      fetch('${app.url}api/session').then((r) => r.text()).catch(() => 'blocked'),
      new Promise((resolve) => {
        const script = document.createElement('script');
        script.src = '${app.url}api/session';
        script.onerror = () => resolve('blocked');
        script.onload = () => resolve('loaded');
        document.body.append(script);
      }),
    ])`);
    expect(answers).toEqual(['blocked', 'blocked', 'blocked', 'blocked']);
    expect(await isFrozen(app)).toBe(false);
    expect(app.history.query({ kind: 'operator' }).entries).toEqual([]);
  });
}

function proxyTo(target: string, prefix: string): RequestListener {
  return (request, response) => {
    const { url = '', method, headers } = request;
    if (!url.startsWith(`${prefix}/`)) return void response.writeHead(404).end();
    const address = new URL(url.slice(prefix.length + 1), target);
    const upstream = httpRequest(address, { method, headers: { ...headers, host: address.host } }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    upstream.on('error', () => response.destroy());
    response.on('close', () => upstream.destroy());
    request.pipe(upstream);
    return undefined;
  };
}
