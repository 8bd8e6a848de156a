import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { cronSchedule } from '../../src/monitor/schedule.js';
import { until, type Watch, watch } from './support.js';

const open: Watch[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

/** A monitor and its rounds so far, with the clock of the machine. */
function rounds(schedule: Parameters<typeof watch>[0] & object) {
  const lines: string[] = [];
  const info = (_: object, message: string) => void lines.push(message);
  const made = watch({ logger: { info, warn: info, error: info }, ...schedule });
  open.push(made);
  return { ...made, lines };
}

describe('an interval', () => {
  it('has its first round at once, and the next ones by the clock that was passed in', async () => {
    const { monitor, lines, wallet } = rounds({ schedule: { everyMs: 100 } });
    monitor.start();
    monitor.start();
    await until(() => lines.length === 1);
    // The clock of the test stands still: no round is due.
    await sleep(250);
    expect(lines).toHaveLength(1);
    wallet.clock.advance(100);
    await until(() => lines.length === 2);
    // What was due several times while nobody looked is done once.
    wallet.clock.advance(1_000);
    await until(() => lines.length === 3);
    await sleep(150);
    expect(lines).toHaveLength(3);
  });

  it('goes on when the clock is set back', async () => {
    const { monitor, lines, wallet } = rounds({ schedule: { everyMs: 100 } });
    monitor.start();
    await until(() => lines.length === 1);
    wallet.clock.advance(-3_600_000);
    await sleep(150);
    wallet.clock.advance(100);
    await until(() => lines.length === 2);
  });

  it('ends with close', async () => {
    const { monitor, lines, wallet } = rounds({ schedule: { everyMs: 100 } });
    monitor.start();
    await until(() => lines.length === 1);
    await monitor.close();
    wallet.clock.advance(10_000);
    await sleep(150);
    expect(lines).toHaveLength(1);
  });
});

describe('cron', () => {
  const at = (text: string) => Date.parse(text);
  const next = (expression: string, timeZone: string, after: string) =>
    new Date(cronSchedule(expression, timeZone).nextMs(at(after)) ?? Number.NaN).toISOString();

  it('is read in its time zone', () => {
    expect(next('0 9,15 * * *', 'Africa/Nairobi', '2026-01-01T05:59:59Z')).toBe('2026-01-01T06:00:00.000Z');
    expect(next('0 9,15 * * *', 'Africa/Nairobi', '2026-01-01T06:00:00Z')).toBe('2026-01-01T12:00:00.000Z');
    expect(next('0 9 * * 1-5', 'Europe/London', '2026-03-27T10:00:00Z')).toBe('2026-03-30T08:00:00.000Z');
    expect(next('30 0 9 * * *', 'UTC', '2026-01-01T09:00:00Z')).toBe('2026-01-01T09:00:30.000Z');
  });

  it('waits for its first time, by the clock that was passed in', async () => {
    const { monitor, lines, wallet } = rounds({ schedule: { cron: '* * * * * *', timeZone: 'UTC' } });
    wallet.clock.advance(950 - (wallet.clock.now() % 1_000));
    monitor.start();
    await sleep(100);
    expect(lines).toHaveLength(0);
    wallet.clock.advance(50);
    await until(() => lines.length === 1);
  });
});

describe('in a process of its own', () => {
  const run = (code: string) => {
    const args = ['--import', 'tsx', '--input-type=module', '-e', code];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 });
    return { status, stdout: stdout.trim(), stderr };
  };
  const setUp = `
    import { createPayoutGuard } from './src/index.ts';
    import { createMonitor } from './src/monitor/index.ts';
    const provider = { name: 'p', debitVisibleAt: 'completion', settles: 'later', wallets: 'one',
      fetchBalance: async () => ({ available: '1.00', currency: 'KES' }) };
    const guard = createPayoutGuard({ provider, currency: 'KES' });
    const monitor = (schedule) => createMonitor(guard, { wallets: [{ thresholds: ['5'] }], schedule, onAlert: ({ kind }) => console.log(kind) });
  `;

  it('a monitor that was started does not keep the process alive', () => {
    const { status, stdout } = run(`${setUp}
      monitor({ cron: '0 9 * * *', timeZone: 'UTC' }).start();
      const every = monitor({ everyMs: 60_000 });
      every.start();
      await every.check();`);
    expect([status, stdout]).toEqual([0, 'low_balance']);
  });

  it('says what to install when croner is absent, and does without it for an interval', () => {
    const { status, stdout } = run(`
      import Module from 'node:module';
      const resolve = Module._resolveFilename;
      Module._resolveFilename = function (name, ...rest) {
        if (name !== 'croner') return resolve.call(this, name, ...rest);
        throw Object.assign(new Error('Cannot find module'), { code: 'MODULE_NOT_FOUND' });
      };
      ${setUp}
      await monitor({ everyMs: 60_000 }).check();
      try {
        monitor({ cron: '0 9 * * *', timeZone: 'UTC' });
      } catch ({ name, problems }) {
        console.log(name, problems.join());
      }`);
    expect([status, stdout]).toEqual([
      0,
      'low_balance\nConfigurationError schedule.cron: needs the package croner; run npm install croner',
    ]);
  });
});
