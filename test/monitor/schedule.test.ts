import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { cronSchedule } from '../../src/monitor/schedule.js';
import { runProgram } from '../support/programs.js';
import { watch } from './watches.js';

/** A monitor, its clock and its rounds so far. */
function rounds(schedule: Parameters<typeof watch>[0] & object) {
  const lines: string[] = [];
  const info = (_: object, message: string) => void lines.push(message);
  const made = watch({ logger: { info, warn: info, error: info }, ...schedule });
  return { monitor: made.monitor, guard: made.guard, clock: made.wallet.clock, lines };
}

describe('an interval', () => {
  it('has its first round at once, and the next ones by the injected clock', async () => {
    const { monitor, clock, lines } = rounds({ schedule: { everyMs: 100 } });
    monitor.start();
    monitor.start();
    await clock.pass(0);
    expect(lines).toHaveLength(1);
    await clock.pass(99);
    expect(lines).toHaveLength(1);
    await clock.pass(1);
    expect(lines).toHaveLength(2);
    // The process was paused: one round replaces those that it missed.
    clock.advance(1_000);
    await clock.pass(0);
    expect(lines).toHaveLength(3);
    await clock.pass(99);
    expect(lines).toHaveLength(3);
  });

  it('continues when the time of day is set back, and runs no later than an interval from then', async () => {
    const { monitor, clock, lines } = rounds({ schedule: { everyMs: 100 } });
    monitor.start();
    await clock.pass(0);
    clock.step(-3_600_000);
    await clock.pass(100);
    expect(lines).toHaveLength(1);
    await clock.pass(100);
    expect(lines).toHaveLength(2);
  });

  it('reads the time of day once a minute: a round that it jumps over comes within that', async () => {
    const { monitor, clock, lines } = rounds({ schedule: { everyMs: 3_600_000 } });
    monitor.start();
    await clock.pass(0);
    clock.step(3_600_000);
    await clock.pass(59_999);
    expect(lines).toHaveLength(1);
    await clock.pass(1);
    expect(lines).toHaveLength(2);
  });

  it('ends with close', async () => {
    const { monitor, clock, lines } = rounds({ schedule: { everyMs: 100 } });
    monitor.start();
    await clock.pass(0);
    await monitor.close();
    await clock.pass(10_000);
    expect([lines.length, clock.timers]).toEqual([1, 0]);
  });

  it('ends when the guard was closed', async () => {
    const { monitor, guard, clock, lines } = rounds({ schedule: { everyMs: 100 } });
    monitor.start();
    await clock.pass(0);
    await guard.close();
    await clock.pass(1_000);
    expect(lines).toEqual([
      'The monitor has checked its wallets.',
      'The balance of a wallet could not be read.',
      'The monitor has checked its wallets.',
    ]);
    expect(clock.timers).toBe(0);
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

  it('waits for its first time, by the injected clock', async () => {
    const { monitor, clock, lines } = rounds({ schedule: { cron: '* * * * * *', timeZone: 'UTC' } });
    clock.advance(950 - (clock.now() % 1_000));
    monitor.start();
    await clock.pass(49);
    expect(lines).toHaveLength(0);
    await clock.pass(1);
    expect(lines).toHaveLength(1);
  });
});

describe('in a process of its own', () => {
  const run = async (code: string) => {
    const args = ['--import', 'tsx', '--input-type=module', '-e', code];
    const { code: status, stdout, stderr } = await runProgram(process.execPath, args);
    return { status, stdout: stdout.trim(), stderr };
  };
  const setUp = `
    import { createPayoutGuard } from './src/index.ts';
    import { createMonitor } from './src/monitor/index.ts';
    const provider = { name: 'p', accountId: 'p', debitVisibleAt: 'completion',
      fetchBalance: async () => ({ available: '1.00', currency: 'KES' }) };
    const guard = createPayoutGuard({ provider, currency: 'KES' });
    const onAlert = ({ kind }) => console.log(kind);
    const monitor = (schedule) => createMonitor(guard, { wallets: [{ thresholds: ['5'] }], schedule, onAlert });
  `;

  it('a monitor that was started does not keep the process alive', async () => {
    const { status, stdout, stderr } = await run(`${setUp}
      monitor({ cron: '0 9 * * *', timeZone: 'UTC' }).start();
      const every = monitor({ everyMs: 60_000 });
      every.start();
      await every.check();`);
    expect([status, stdout, stderr]).toEqual([0, 'low_balance', '']);
  });

  it('finds croner from any directory, with stacks turned off', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'payout-guard-cron-'));
    const { status, stdout } = await run(`${setUp}
      Error.stackTraceLimit = 0;
      process.chdir(${JSON.stringify(folder)});
      const made = monitor({ cron: '0 9 * * *', timeZone: 'UTC' });
      console.log(Error.stackTraceLimit);
      await made.close();`);
    await rm(folder, { recursive: true });
    expect([status, stdout]).toEqual([0, '0']);
  });

  it('names the package to install when croner is absent, and does without it for an interval', async () => {
    const { status, stdout } = await run(`
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
