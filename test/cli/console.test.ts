// The console of the command line over real sockets: who gets in, what they may do, and how it ends.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { createPayoutGuard, memoryStore } from 'payout-guard';
import { memoryHistory } from 'payout-guard/history';
import { createMonitor } from 'payout-guard/monitor';
import { killed, root } from '../support/programs.js';
import { deferred, scriptedWallet, stoppedClock } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { act, send, serve, stops } from './console-support.js';
import { closedBy, file, folder, moduleOf, shared } from './support.js';
import { open, withHolds } from './two-wallets.js';

collectWarnings();

describe('the printed address', () => {
  it('is one line, on 127.0.0.1, with a token of 256 bits that is another one each time', async () => {
    const { name } = await open();
    const [first, second] = [await serve(name), await serve(name)];
    expect(first.address.href).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{43}$/);
    expect(first.address.search).not.toBe(second.address.search);
    const { port } = first.address;
    await expect(send(new URL(`http://127.0.0.2:${port}`), '/')).rejects.toThrow('connect');
    const { code, err } = await first.stop();
    expect([code, first.printed.length, err]).toEqual([0, 1, '']);
  });

  it('leads to the page with a session, whose cookie does not have the token', async () => {
    const served = await serve((await open()).name);
    const token = String(served.address.searchParams.get('token'));
    const entered = await served.ask(`/?token=${token}`);
    expect([entered.status, entered.headers.location, entered.body]).toEqual([303, '/', '']);
    const [cookie = ''] = entered.headers['set-cookie'] ?? [];
    const { port } = served.address;
    expect(cookie).toMatch(new RegExp(`^payout-guard-${port}=[\\w-]{43}; HttpOnly; SameSite=Strict; Path=/$`));
    expect(cookie).not.toContain(token);
    const headers = { cookie: `other=1; ${cookie.split(';')[0]}` };
    const page = await served.ask('/', { headers });
    expect([page.status, page.body]).toEqual([200, expect.stringContaining('<title>Payouts</title>')]);
    const overview = await served.ask('/api/overview', { headers: { ...headers, host: `localhost:${port}` } });
    expect([overview.status, overview.body]).toEqual([200, expect.stringContaining('1234567.50')]);
  });

  it('serves the history and the monitor of the module, if it exports them', async () => {
    const guard = scriptedWallet('10.00').guard({ store: shared(memoryStore()) });
    const wallets = [{ wallet: 'default', thresholds: ['77.00'] }];
    const monitor = createMonitor(guard, { wallets, schedule: { everyMs: 60_000 }, onAlert: () => {} });
    const history = memoryHistory();
    const parts = [{ guard: closedBy(guard) }, { guard, history, monitor }];
    const seen: unknown[] = [];
    for (const exports of parts) {
      const { ask, enter } = await serve(await moduleOf(exports));
      const headers = { cookie: await enter() };
      const { hasHistory, hasMonitor } = JSON.parse((await ask('/api/session', { headers })).body);
      const overview = JSON.parse((await ask('/api/overview', { headers })).body);
      seen.push([hasHistory, hasMonitor, overview.wallets[0].thresholds]);
    }
    expect(seen).toEqual([
      [false, false, []],
      [true, true, ['77.00']],
    ]);
  });

  it('works once, and afterwards leads only its own session to the page', async () => {
    const served = await serve((await open()).name);
    const cookie = await served.enter();
    expect((await served.ask(`/${served.address.search}`)).status).toBe(403);
    const again = await served.ask(`/${served.address.search}`, { headers: { cookie } });
    expect([again.status, again.headers.location]).toEqual([303, '/']);
  });
});

describe('a request without the session', () => {
  it.each([
    ['no token', () => '/', {}],
    ['a wrong token', () => `/?token=${'A'.repeat(43)}`, {}],
    ['an empty token', () => '/?token=', {}],
    ['the token of another path', ({ search }: URL) => `/api/overview${search}`, {}],
    ['a wrong cookie', ({ port }: URL) => `/api/overview?port=${port}`, { value: 'A'.repeat(43) }],
    ['an empty cookie', () => '/api/overview', { value: '' }],
    ['the token as a cookie', () => '/api/overview', { isToken: true }],
  ])('that has %s is answered with 403, and shows nothing', async (_, pathOf, cookie) => {
    const { address, ask } = await serve((await open()).name);
    const { value, isToken }: { value?: string; isToken?: boolean } = cookie;
    const given = isToken ? address.searchParams.get('token') : value;
    const headers = given === undefined ? {} : { cookie: `payout-guard-${address.port}=${given}` };
    const { status, headers: answered, body } = await ask(pathOf(address), { headers });
    expect([status, answered['set-cookie']]).toEqual([403, undefined]);
    expect(body).toBe('Open the address that payout-guard console printed. It works once: for another, run it again.');
    expect(answered['content-security-policy']).toContain("default-src 'none'");
  });

  it('that posts the token opens nothing, and the address still works', async () => {
    const { address, ask, enter } = await serve((await open()).name);
    expect((await ask(`/${address.search}`, { method: 'POST' })).status).toBe(403);
    expect(await enter()).toMatch(/^payout-guard-/);
  });
});

describe('another Host', () => {
  it.each([
    ['a name of another site', ({ port }: URL) => `rebound.example:${port}`],
    ['another port', ({ port }: URL) => `127.0.0.1:${Number(port) - 1}`],
    ['no port', () => '127.0.0.1'],
    ['a name that begins the same', ({ port }: URL) => `127.0.0.1.example:${port}`],
  ])('that is %s is answered with 403, also with the token and with the session', async (_, hostOf) => {
    const served = await serve((await open()).name);
    const host = hostOf(served.address);
    expect((await served.ask(`/${served.address.search}`, { headers: { host } })).status).toBe(403);
    const cookie = await served.enter();
    const { status, body } = await served.ask('/api/overview', { headers: { host, cookie } });
    expect([status, body]).toEqual([403, expect.stringContaining('127.0.0.1 and localhost only')]);
  });
});

describe('an action', () => {
  it('is made and recorded with the name of the operator', async () => {
    const { name, guard, history } = await withHolds();
    const byName = await serve(name, ['--as', 'grace']);
    const { status } = await act(byName, await byName.enter());
    expect(status).toBe(200);
    expect((await guard.funds({ wallet: 'jpay-kes' })).frozen).toBeDefined();
    const { entries } = await history.query({ wallet: 'jpay-kes', kind: 'operator' });
    expect(entries.map(({ data }) => data)).toEqual([{ action: 'freeze', operator: 'grace', reason: 'audit' }]);
    const ofSystem = await serve(name);
    const session = await ofSystem.ask('/api/session', { headers: { cookie: await ofSystem.enter() } });
    expect(JSON.parse(session.body)).toMatchObject({ name: 'ada', canAct: true, hasHistory: true });
  });

  it.each([
    ['without the token of the page', { 'x-payout-guard-token': '' }, 'invalid_token'],
    ['from a page on another port', { 'sec-fetch-site': 'same-site' }, 'foreign_origin'],
    ['from another origin', { origin: 'http://127.0.0.1:1' }, 'foreign_origin'],
  ])('%s is refused', async (_, headers, code) => {
    const { name, guard } = await open();
    const served = await serve(name);
    const { status, body } = await act(served, await served.enter(), headers);
    expect([status, JSON.parse(body).code]).toEqual([403, code]);
    expect((await guard.funds({ wallet: 'jpay-kes' })).frozen).toBeUndefined();
  });

  it('is refused with --read-only, which offers none', async () => {
    const { name, guard } = await open();
    const served = await serve(name, ['--read-only']);
    const cookie = await served.enter();
    const session = JSON.parse((await served.ask('/api/session', { headers: { cookie } })).body);
    expect([session.canAct, session.actions]).toEqual([false, {}]);
    const { status, body } = await act(served, cookie);
    expect([status, JSON.parse(body).code]).toEqual([403, 'read_only']);
    expect((await guard.funds({ wallet: 'jpay-kes' })).frozen).toBeUndefined();
  });

  it('that freezes is not offered where no service would see it: with a store in memory', async () => {
    const guard = scriptedWallet('10.00').guard({ store: memoryStore() });
    const served = await serve(await moduleOf({ guard }));
    const cookie = await served.enter();
    const session = JSON.parse((await served.ask('/api/session', { headers: { cookie } })).body);
    expect(Object.keys(session.actions)).toEqual(['capture', 'release', 'lookUp']);
    const { code, err } = await served.stop();
    expect([code, err]).toEqual([0, expect.stringContaining('the store is in the memory of this command')]);
    expect(err).toContain('not recorded, because');
  });
});

describe('the end', () => {
  it('drops unused connections, lets a request under way finish, then closes the server, then the guard', async () => {
    const wallet = scriptedWallet('10.00');
    const clock = stoppedClock();
    const made = createPayoutGuard({ provider: wallet.provider, currency: 'KES', store: shared(memoryStore()), clock });
    const connections: unknown[] = [];
    const guard = closedBy(made, async () => {
      connections.push(await ask('/').catch((error) => error.code));
      await made.close();
    });
    const { address, ask, enter, stop } = await serve(await moduleOf({ guard }), ['--read-only']);
    const headers = { cookie: await enter() };
    const asked = deferred<void>();
    const answer = deferred<void>();
    wallet.answer = () => {
      asked.resolve();
      return answer.promise.then(() => ({ available: '10.00', currency: 'KES' }));
    };
    const unused = connect(Number(address.port), '127.0.0.1');
    await once(unused, 'connect');
    const overview = ask('/api/overview', { headers });
    await asked.promise;
    const dropped = once(unused, 'close');
    const ended = stop();
    // Long before the limit, which would cut the request as well.
    await dropped;
    await expect(ask('/')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(connections).toEqual([]);
    answer.resolve();
    const { status, headers: answered } = await overview;
    expect([status, answered.connection]).toEqual([200, 'close']);
    expect(await ended).toMatchObject({ code: 0, err: '' });
    expect(connections).toEqual(['ECONNREFUSED']);
  });

  it('comes with SIGINT and code 0, and ends the live streams', async () => {
    const library = join(root, 'src/index.ts');
    const name = await file(
      'guard.mjs',
      `import { createPayoutGuard } from ${JSON.stringify(library)};
      const fetchBalance = async () => ({ available: '1500.00', currency: 'KES' });
      const provider = { name: 'own', accountId: 'bank', debitVisibleAt: 'completion', fetchBalance };
      export const guard = createPayoutGuard({ provider, currency: 'KES', settles: 'onReturn' });`,
    );
    const tsx = join(root, 'node_modules/tsx/dist/loader.mjs');
    const args = ['--import', tsx, join(root, 'src/cli/main.ts'), 'console', '--guard', name, '--as', 'ada'];
    const child: ChildProcess = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    stops.push(() => killed(child));
    const [out = '', err] = [child.stdout, child.stderr].map((stream) => stream && text(stream));
    const [line] = await Promise.race([once(child.stdout as NodeJS.ReadableStream, 'data'), once(child, 'close')]);
    const address = new URL(String(line));
    const entered = await fetch(address, { redirect: 'manual' });
    const cookie = String(entered.headers.get('set-cookie')).split(';')[0] as string;
    const sent = request(new URL('/api/stream', address), { headers: { cookie } });
    sent.end();
    const [stream] = await once(sent, 'response');
    const streamed = text(stream);
    const closed = once(child, 'close');
    child.kill('SIGINT');
    expect(await closed).toEqual([0, null]);
    expect(await streamed).toContain('retry: 2000');
    // Ended, not cut.
    expect(stream.complete).toBe(true);
    expect((await out)?.trim()).toBe(address.href);
    expect(await err).not.toContain(address.searchParams.get('token'));
  });
});

describe('a wrong call', () => {
  it.each([
    ['a port that is none', ['--port', '65536'], '--port must be a whole number from 1 to 65535'],
    ['a name of two lines', ['--as', 'a\nb'], 'must be 1 to 100 printable characters'],
  ])('with %s is refused before anything is served', async (_, args, message) => {
    const { commandIn } = await open();
    const interrupt = new AbortController();
    const printed: string[] = [];
    const print = (line: string) => {
      printed.push(line);
      interrupt.abort();
    };
    const { code, err } = await commandIn({ print, interrupted: interrupt.signal }, 'console', ...args);
    expect([code, printed.join(), err]).toEqual([2, '', expect.stringContaining(message)]);
  });

  it('that names a port in use fails, with what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    stops.push(async () => other.close());
    const { port } = other.address() as AddressInfo;
    const { code, out, err } = await (await open()).command('console', '--port', String(port));
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(`127.0.0.1:${port} cannot be listened on (EADDRINUSE): name another port`);
  });
});
