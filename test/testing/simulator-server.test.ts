// The server of the simulators, and its end.
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, it, jest } from '@jest/globals';
import { jpaySimulator } from 'payout-guard/testing';
import { startInterswitch, startJpay, until } from '../providers/support.js';
import { runProgram } from '../support/programs.js';
import { failureCode, getBalance } from './simulator-support.js';

describe('the server', () => {
  it('listens on 127.0.0.1 only, on a free port of its own', async () => {
    const [one, two] = [await startJpay(), await startInterswitch()];
    expect(one.url).toMatch(/^http:\/\/127\.0\.0\.1:\d{4,5}\/api\/v1$/);
    expect(two.url).toMatch(/^http:\/\/127\.0\.0\.1:\d{4,5}$/);
    const port = new URL(one.url).port;
    expect(port).not.toBe(new URL(two.url).port);
    const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
    for (const { address, family, scopeid } of addresses) {
      if (address === '127.0.0.1' || scopeid) continue;
      const host = family === 'IPv6' ? `[${address}]` : address;
      expect([address, await failureCode(fetch(`http://${host}:${port}/`))]).toEqual([address, 'ECONNREFUSED']);
    }
  });

  it('listens on the given port, and rejects when that port is taken', async () => {
    const first = await startJpay();
    const port = Number(new URL(first.url).port);
    await expect(jpaySimulator({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await first.close();
    const second = await startJpay({ port });
    expect(second.url).toBe(`http://127.0.0.1:${port}/api/v1`);
  });

  it('keeps a log of everything it received, with the time of its clock', async () => {
    let now = 1_000;
    const simulator = await startJpay({ clock: { now: () => now } });
    await (await getBalance(simulator)).text();
    now = 2_500;
    await (await fetch(`${simulator.url}/nowhere?secret=1`, { method: 'DELETE' })).text();
    expect(simulator.requests).toEqual([
      { method: 'GET', path: '/api/v1/wallets/balance', at: 1_000 },
      { method: 'DELETE', path: '/api/v1/nowhere', at: 2_500 },
    ]);
    expect(simulator.count('/wallets/balance')).toBe(1);
    expect(simulator.count('/auth/refresh')).toBe(0);
    expect(simulator.count()).toBe(2);
  });

  it('survives a client that disconnects in the middle of its request', async () => {
    const simulator = await startJpay();
    const socket = connect(Number(new URL(simulator.url).port), '127.0.0.1');
    socket.write('POST /api/v1/auth/refresh HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"ref');
    await until(() => simulator.count() === 1);
    socket.destroy();
    expect((await getBalance(simulator)).status).toBe(200);
  });

  it('answers 500 with the reason when the injected clock throws', async () => {
    const simulator = await startJpay({
      clock: {
        now: () => {
          throw new Error('no time');
        },
      },
    });
    const response = await fetch(`${simulator.url}/wallets/balance`);
    expect([response.status, await response.text()]).toEqual([500, 'The simulator failed: Error: no time']);
  });
});

describe('close', () => {
  it('ends hanging requests, idle connections and the port', async () => {
    const simulator = await startJpay();
    const port = Number(new URL(simulator.url).port);
    const idle = connect(port, '127.0.0.1');
    const idleClosed = new Promise((resolve) => idle.once('close', resolve));
    await new Promise((resolve) => idle.once('connect', resolve));
    simulator.fault({ kind: 'hang' });
    const hanging = failureCode(getBalance(simulator));
    await until(() => simulator.count() === 1);

    await simulator.close();
    expect(await hanging).toBe('UND_ERR_SOCKET');
    await idleClosed;
    expect(await failureCode(fetch(simulator.url))).toBe('ECONNREFUSED');
  });

  it('clears the timers of slow answers, which never keep a process alive', async () => {
    const simulator = await startJpay();
    const set = jest.spyOn(globalThis, 'setTimeout');
    const cleared = jest.spyOn(globalThis, 'clearTimeout');
    simulator.fault({ kind: 'slow', ms: 54_321 });
    const slow = failureCode(getBalance(simulator));
    const index = () => set.mock.calls.findIndex(([, delayMs]) => delayMs === 54_321);
    await until(() => index() >= 0);
    const timer = set.mock.results[index()]?.value as NodeJS.Timeout;
    expect(timer.hasRef()).toBe(false);

    await simulator.close();
    expect(cleared.mock.calls.filter(([given]) => given === timer)).toHaveLength(1);
    expect(await slow).toBe('UND_ERR_SOCKET');
  });

  it('may be called twice, and by "await using"', async () => {
    const simulator = await jpaySimulator();
    await Promise.all([simulator.close(), simulator.close()]);
    await simulator[Symbol.asyncDispose]();
    expect(await failureCode(fetch(simulator.url))).toBe('ECONNREFUSED');
  });

  it('does not keep the process alive', async () => {
    const script = `
      import { jpaySimulator, interswitchSimulator } from './src/testing/index.ts';
      import { connect } from 'node:net';
      const simulators = [await jpaySimulator(), await interswitchSimulator()];
      for (const simulator of simulators) {
        simulator.fault({ kind: 'slow', ms: 600_000 }, { times: 1, path: '' });
        simulator.fault({ kind: 'hang' }, { times: 1, path: '' });
        connect(new URL(simulator.url).port, '127.0.0.1');
        fetch(simulator.url).catch(() => {});
        fetch(simulator.url).catch(() => {});
        while (simulator.count() < 2) await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await Promise.all(simulators.map((simulator) => simulator.close()));
      console.log('closed');`;
    const args = ['--import', 'tsx', '--input-type=module', '--eval', script];
    expect(await runProgram(process.execPath, args)).toEqual({ code: 0, stdout: 'closed\n', stderr: '' });
  });
});
