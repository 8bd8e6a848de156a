// Live streams of the console, and its handler for frameworks that have a Request.
import { once } from 'node:events';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { payoutConsole } from 'payout-guard/console';
import { collectWarnings } from '../support/warnings.js';
import { ada, basePath, codeOf, freeze, isFrozen, opensConsoles } from './console-app.js';

collectWarnings();
const open = opensConsoles();

describe('a live stream', () => {
  const firstEvent = async (response: Response) => {
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let text = '';
    while (!/data: .*\n\n/.test(text)) {
      const { done, value } = await reader.read();
      if (done) throw new Error('The stream ended');
      text += new TextDecoder().decode(value);
    }
    return { reader, text };
  };

  it('begins with the overview, and ends when the guard closes', async () => {
    const app = await open();
    const { reader, text } = await firstEvent(await fetch(`${app.url}api/stream`));
    expect(JSON.parse(text.split('data: ')[1] ?? '')).toMatchObject({ wallets: [{ wallet: 'default' }] });
    await app.guard.close();
    let isDone = false;
    while (!isDone) isDone = (await reader.read()).done;
    expect(await codeOf(await fetch(`${app.url}api/stream`))).toEqual([503, 'closed']);
  });

  it('is one of a bounded number, and a client that leaves makes room', async () => {
    const app = await open({ console: { maxStreams: 2 } });
    const leave = new AbortController();
    await firstEvent(await fetch(`${app.url}api/stream`, { signal: leave.signal }));
    await firstEvent(await fetch(`${app.url}api/stream`));
    expect(await codeOf(await fetch(`${app.url}api/stream`))).toEqual([503, 'too_many_streams']);
    leave.abort();
    let status = 503;
    for (let tries = 0; tries < 500 && status === 503; tries++) status = (await fetch(`${app.url}api/stream`)).status;
    expect(status).toBe(200);
  });

  it('does not ask a provider that is down again and again', async () => {
    const app = await open({ guard: { cache: { maxAgeMs: 0 } } });
    app.wallet.answer = () => Promise.reject(new Error('down'));
    await firstEvent(await fetch(`${app.url}api/stream`));
    const { asked } = app.wallet;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(app.wallet.asked - asked).toBeLessThanOrEqual(1);
  });

  it('is not kept back by layers that compress, and is not opened by HEAD', async () => {
    const app = await open();
    const response = await new Promise<IncomingMessage>((resolve) => httpGet(`${app.url}api/stream`, resolve));
    expect(response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
    });
    await once(response, 'data');
    response.destroy();
    expect((await fetch(`${app.url}api/stream`, { method: 'HEAD' })).status).toBe(405);
  });
});

describe('the handler of Request', () => {
  it('serves below its base path, streams, acts, and gives authorize the Request', async () => {
    const app = await open();
    const seen: unknown[] = [];
    const handler = payoutConsole<Request>(app.guard, {
      authorize: (request) => {
        seen.push(request);
        return request.headers.get('cookie') === 'session=1' && ada;
      },
      history: app.history,
      basePath,
    });
    const ask = (address: string, init: RequestInit = {}) => {
      const headers = { cookie: 'session=1', ...(init.headers as Record<string, string>) };
      return handler.fetch(new Request(`https://ops.example${basePath}${address}`, { ...init, headers }));
    };
    expect((await handler.fetch(new Request(`https://ops.example${basePath}/`))).status).toBe(403);
    expect(seen[0]).toBeInstanceOf(Request);
    expect((await ask('')).headers.get('location')).toBe('./payouts/');
    expect(await (await ask('/')).text()).toContain('<!doctype html>');
    const { token } = (await (await ask('/api/session')).json()) as { token: string };
    const action = (more: RequestInit) =>
      ask('/api/actions', {
        method: 'POST',
        body: JSON.stringify(freeze),
        headers: {
          'content-type': 'application/json',
          'x-payout-guard-token': token,
          'sec-fetch-site': 'same-origin',
        },
        ...more,
      });
    expect((await action({ body: 'x'.repeat(20_000) })).status).toBe(413);
    expect((await action({ body: '{' })).status).toBe(400);
    expect((await action({})).status).toBe(200);
    expect(await isFrozen(app)).toBe(true);
    const { reader } = await firstOf(await ask('/api/stream'));
    await reader.cancel();
    handler.close();
    expect((await ask('/api/stream')).status).toBe(503);
  });

  async function firstOf(response: Response) {
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    return { reader };
  }
});
