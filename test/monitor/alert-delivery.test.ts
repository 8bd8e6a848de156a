// Delivery of alerts.
import { describe, expect, it, jest } from '@jest/globals';
import { memoryStore } from 'payout-guard';
import type { Alert } from 'payout-guard/monitor';
import { deferred, scriptedWallet } from '../support/wallet.js';
import { failing } from './alerts-support.js';
import { type Setting, short, until } from './support.js';
import { watch } from './watches.js';

describe('delivery', () => {
  it('is taken over after the lease when the process that claimed the alert is gone', async () => {
    const store = memoryStore();
    const wallet = scriptedWallet('400.00');
    const setting: Setting = { wallet, guard: { store } };
    const died: Alert[] = [];
    const end = deferred<void>();
    const onAlert = (alert: Alert) => {
      died.push(alert);
      return end.promise;
    };
    // It stays in the delivery as long as the test lasts, as a process that was killed in it would.
    const gone = watch({ onAlert, deliveryTimeoutMs: 600_000 }, setting);
    const left = watch({}, setting);
    const check = gone.monitor.check();
    await until(() => died.length === 1);
    // The lease is the time for a delivery and 30 s; a round comes after 10 s.
    wallet.clock.advance(619_999);
    expect(await left.round()).toEqual([]);
    wallet.clock.advance(1);
    expect((await left.monitor.check()).alerts.map(short)).toEqual(['low_balance 500.00 400.00']);
    expect(left.alerts[0]?.id).toBe(died[0]?.id);
    end.resolve();
    await check;
    expect(await left.round()).toEqual([]);
    expect(await left.round('1000.00')).toEqual(['recovered 500.00 1000.00']);
  });

  it('is not repeated when the store fails after it, nor lost when the answer to the claim is', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const store = failing(memoryStore());
    const onAlert = () => {
      store.isDown = true;
    };
    const { round } = watch({ onAlert }, { guard: { store } });
    expect(await round('400.00')).toEqual(['low_balance 500.00 400.00']);
    store.isDown = false;
    expect(await round('90.00')).toEqual(['low_balance 100.00 90.00']);
    store.isDown = false;
    store.losesAnswers = 1;
    expect(await round('1000.00')).toEqual(['recovered 500.00 1000.00', 'recovered 100.00 1000.00']);
    expect(warned.mock.calls).toEqual([]);
    warned.mockRestore();
  });

  it('that fails is reported: to onUndelivered, to the logger, or as a process warning', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const onAlert = () => {
      throw new Error('secret of 12345.67');
    };
    const silent = watch({ onAlert });
    expect(await silent.round('400')).toEqual(['low_balance 500.00 400.00']);
    expect(warned.mock.calls.map(([message]) => message)).toEqual([
      'An alert could not be delivered and is given up: low_balance of default, onAlert: threw.',
    ]);
    expect(JSON.stringify(warned.mock.calls)).not.toMatch(/12345|400/);

    const lines: unknown[] = [];
    const log = (level: string) => (fields: object, message: string) => void lines.push([level, message, fields]);
    const logger = { info: log('info'), warn: log('warn'), error: log('error') };
    const onUndelivered = jest.fn();
    const watched = watch({ onAlert, logger, onUndelivered });
    await watched.round('400');
    const { undelivered } = await watched.monitor.check();
    expect(onUndelivered).toHaveBeenCalledTimes(1);
    expect(onUndelivered).toHaveBeenCalledWith(expect.objectContaining({ channel: 'onAlert', reason: 'threw' }));
    expect(lines).toContainEqual([
      'error',
      'An alert could not be delivered and is given up.',
      expect.objectContaining({ kind: 'low_balance', channel: 'onAlert', reason: 'threw' }),
    ]);
    expect(lines).toContainEqual([
      'warn',
      'Alert.',
      { kind: 'low_balance', wallet: 'default', currency: 'KES', id: expect.any(String), threshold: '500.00' },
    ]);
    // No balance in any line: 400.00 is one.
    expect(JSON.stringify(lines)).not.toMatch(/400|12345/);
    expect(undelivered).toEqual([]);
    warned.mockRestore();
  });

  it('continues when the logger and onUndelivered throw', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const broken = () => {
      throw new Error('broken');
    };
    const logger = { info: broken, warn: broken, error: broken };
    const { round } = watch({ onAlert: broken, logger, onUndelivered: broken });
    expect(await round('400')).toEqual(['low_balance 500.00 400.00']);
    expect(await round('1000')).toEqual(['recovered 500.00 1000.00']);
    expect(warned.mock.calls.map(([message]) => message)).toContain('onUndelivered threw.');
    warned.mockRestore();
  });

  it('ignores an unreadable note', async () => {
    const store = memoryStore();
    await store.swapNote('monitor/default/below/50000', undefined, '{"state":');
    const { round } = watch({}, { guard: { store } });
    expect(await round('400')).toEqual(['low_balance 500.00 400.00']);
  });
});
