// The recipes of docs/monitor.md as they stand there, run as the onAlert of a monitor.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { transformSync } from 'esbuild';
import type { Alert, Undelivered } from 'payout-guard/monitor';
import { codeOf } from '../support/documents.js';
import { collectWarnings } from '../support/warnings.js';
import { watch } from './watches.js';

collectWarnings();

const blocks = codeOf('docs/monitor.md').map(({ text }) => text);

/** Imports the block of the page that exports a name. Each call evaluates it anew. */
async function recipe(name: string): Promise<unknown> {
  const code = blocks.find(
    (block) => block.includes(`export async function ${name}(`) || block.includes(`export function ${name}(`),
  );
  if (code === undefined) throw new Error(`docs/monitor.md has no recipe ${name}`);
  const { code: script } = transformSync(`${code}\n// ${performance.now()}`, { loader: 'ts', format: 'esm' });
  const module = await import(`data:text/javascript,${encodeURIComponent(script)}`);
  return module[name];
}

/** A reference that a client has chosen, so that the text of its alert is not ours alone. */
const reference = '<!channel>&';

describe('the recipe for Slack', () => {
  const received: { readonly request: IncomingMessage; readonly body: unknown }[] = [];
  let status = 200;
  const server = createServer(async (request, response) => {
    received.push({ request, body: JSON.parse(await text(request)) });
    response.writeHead(status, { location: '/elsewhere' }).end(status === 200 ? 'ok' : 'no_service');
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
    delete process.env.SLACK_WEBHOOK_URL;
  });

  it('posts the message as escaped text, so it mentions no channel, and rejects when Slack refuses it', async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    process.env.SLACK_WEBHOOK_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/T0/B0/x`;
    const toSlack = (await recipe('toSlack')) as (alert: Alert) => Promise<void>;
    const undelivered: Undelivered[] = [];
    const onUndelivered = (one: Undelivered) => void undelivered.push(one);
    const { round, guard, monitor } = watch({ onAlert: toSlack, onUndelivered, clock: undefined });
    const hold = await guard.hold({ amount: '1.00', reference });
    void hold.pay(() => new Promise(() => {}));
    expect(await round('400.00')).toHaveLength(1);
    const message = 'Wallet default can spend 399.00 KES, which is below 500.00 KES. Top it up.';
    const [first] = received;
    expect([first?.request.method, first?.request.url, first?.request.headers['content-type'], first?.body]).toEqual([
      'POST',
      '/services/T0/B0/x',
      'application/json',
      { text: message },
    ]);
    expect(undelivered).toEqual([]);

    // The alert of a payout that is left open names its reference.
    await guard.close({ waitMs: 0 });
    await monitor.close();
    expect(received[1]?.body).toEqual({
      text: expect.stringContaining('A process closed and left payout &lt;!channel&gt;&amp; of wallet default open'),
    });
    for (const refusal of [404, 302]) {
      status = refusal;
      await expect(toSlack({ message: 'a' } as Alert)).rejects.toThrow(
        refusal === 404 ? 'Slack answered HTTP 404.' : 'fetch failed',
      );
    }
    expect(received).toHaveLength(4);
  });
});

describe('the recipe for e-mail', () => {
  it('sends each alert once, with a subject, its message and an id of its own', async () => {
    type Mail = Readonly<Record<string, string>>;
    type ToEmail = (send: (mail: Mail) => Promise<void>, from: string, to: string) => (alert: Alert) => Promise<void>;
    const toEmail = (await recipe('toEmail')) as ToEmail;
    const mails: Mail[] = [];
    const onAlert = toEmail(async (mail) => void mails.push(mail), 'guard@example.com', 'ops@example.com');
    const { round, wallet } = watch({ onAlert });
    await round('400.00');
    await round('90.00');
    const at = new Date(wallet.clock.now() - 10_000).toISOString();
    expect(mails[0]).toEqual({
      from: 'guard@example.com',
      to: 'ops@example.com',
      subject: 'low balance: default',
      text: `Wallet default can spend 400.00 KES, which is below 500.00 KES. Top it up.\n\n${at}`,
      messageId: expect.stringMatching(/^<[0-9a-f-]{36}@alerts\.payout-guard>$/),
    });
    expect([mails.length, new Set(mails.map(({ messageId }) => messageId)).size]).toEqual([2, 2]);
  });

  it('reports an alert that the mailer refuses', async () => {
    const toEmail = (await recipe('toEmail')) as (...args: unknown[]) => (alert: Alert) => Promise<void>;
    const undelivered: Undelivered[] = [];
    const send = async () => Promise.reject(new Error('535 authentication failed'));
    const { round } = watch({
      onAlert: toEmail(send, 'a@x', 'b@x'),
      onUndelivered: (one) => void undelivered.push(one),
    });
    await round('400.00');
    expect(undelivered).toMatchObject([{ channel: 'onAlert', reason: 'threw' }]);
  });
});
