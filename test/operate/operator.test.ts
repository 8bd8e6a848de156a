import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { PayoutGuard } from 'payout-guard';
import { memoryHistory, sqliteHistory } from 'payout-guard/history';
import { operatorOf, walletStatuses } from '../../src/operate/index.js';
import { payoutLife } from '../../src/operate/payout-life.js';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';

collectWarnings();

const guards: PayoutGuard[] = [];
afterEach(() => Promise.all(guards.splice(0).map((guard) => guard.close())));

function open() {
  const wallet = scriptedWallet('1000.00');
  const guard = wallet.guard({});
  guards.push(guard);
  const history = memoryHistory();
  return { wallet, guard, history, operator: operatorOf(guard, { name: 'ada', history }) };
}

describe('an operator', () => {
  it('captures, releases, freezes and unfreezes, each with an entry of name and reason', async () => {
    const { guard, history, operator } = open();
    await guard.hold({ amount: '10.00', reference: 'a', state: 'sent' });
    await guard.hold({ amount: '20.00', reference: 'b', state: 'sent' });
    await operator.capture({ reference: 'a', reason: 'in the bank statement', amount: '9.50' });
    await operator.release({ reference: 'b', reason: 'not in the dashboard' });
    await operator.freeze({ wallet: 'default', reason: 'audit' });
    expect((await guard.funds()).frozen?.reason).toBe('audit');
    await operator.unfreeze({ wallet: 'default', reason: 'audit is done' });
    expect((await guard.funds()).frozen).toBeUndefined();
    expect(await guard.getHold('a')).toMatchObject({ state: 'captured', captured: '9.50' });
    expect(await guard.getHold('b')).toMatchObject({ state: 'released', failed: true });
    expect(
      history
        .query({ kind: 'operator' })
        .entries.map(({ reference, wallet, amount, data }) => [reference ?? wallet, amount, data]),
    ).toEqual([
      ['a', undefined, { action: 'capture', operator: 'ada', reason: 'in the bank statement', debit: '9.50' }],
      ['b', undefined, { action: 'release', operator: 'ada', reason: 'not in the dashboard' }],
      ['default', undefined, { action: 'freeze', operator: 'ada', reason: 'audit' }],
      ['default', undefined, { action: 'unfreeze', operator: 'ada', reason: 'audit is done' }],
    ]);
  });

  it('leaves a second entry when the action fails, and rejects as the guard does', async () => {
    const { guard, history, operator } = open();
    await guard.hold({ amount: '10.00', reference: 'a', state: 'sent' });
    await guard.capture('a');
    const act = operator.release({ reference: 'a', reason: 'a mistake' });
    await expect(act).rejects.toMatchObject({ code: 'hold_state' });
    const { entries } = await payoutLife(guard, history, 'a');
    expect(entries.map(({ kind, data }) => [kind, data.failed])).toEqual([
      ['operator', undefined],
      ['operator', 'hold_state'],
    ]);
  });

  it('does nothing when the entry cannot be added', async () => {
    const { guard } = open();
    const add = () => Promise.reject(new Error('disk full'));
    const operator = operatorOf(guard, { name: 'ada', history: { ...memoryHistory(), add } });
    await guard.hold({ amount: '10.00', reference: 'a', state: 'sent' });
    await expect(operator.release({ reference: 'a', reason: 'not sent' })).rejects.toThrow(
      'The history could not record the action (Error), so nothing was done.',
    );
    expect(await guard.getHold('a')).toMatchObject({ state: 'sent' });
  });

  it('has its entry in the file before it returns, where the history writes in the background', async () => {
    const { guard } = open();
    const folder = mkdtempSync(join(tmpdir(), 'payout-guard-operator-'));
    const history = sqliteHistory({ file: join(folder, 'history.db'), keepForMs: 3_600_000 });
    const operator = operatorOf(guard, { name: 'ada', history });
    await guard.hold({ amount: '10.00', reference: 'a', state: 'sent' });
    await operator.release({ reference: 'a', reason: 'not sent' });
    expect(history.counts).toEqual({ written: 1, waiting: 0, dropped: 0 });
    // Another process may see it at once.
    const reader = sqliteHistory({ file: join(folder, 'history.db'), keepForMs: 3_600_000 });
    expect((await reader.query({ kind: 'operator' })).entries).toHaveLength(1);
    await Promise.all([history.close(), reader.close()]);
    rmSync(folder, { recursive: true });
  });

  it.each(['', '  ', 'x'.repeat(201), 'line\nbreak', '\u202eright to left'])(
    'refuses the reason %j',
    async (reason) => {
      const { guard, history, operator } = open();
      await guard.hold({ amount: '10.00', reference: 'a', state: 'sent' });
      const act = operator.capture({ reference: 'a', reason });
      await expect(act).rejects.toMatchObject({ code: 'invalid_argument' });
      expect(await guard.getHold('a')).toMatchObject({ state: 'sent' });
      expect(history.query().entries).toEqual([]);
    },
  );

  it('needs a name', () => {
    expect(() => operatorOf(open().guard, { name: '' })).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
  });
});

describe('the status of a wallet', () => {
  it('has its funds, or the reason why there are none', async () => {
    const { wallet, guard } = open();
    expect(await walletStatuses(guard)).toEqual([
      expect.objectContaining({
        wallet: 'default',
        currency: 'KES',
        exponent: 2,
        funds: expect.objectContaining({ available: '1000.00' }),
      }),
    ]);
    wallet.answer = () => Promise.reject(new Error('secret-in-a-message'));
    wallet.clock.advance(3_600_000);
    const [status] = await walletStatuses(guard);
    expect(status?.funds).toBeUndefined();
    expect(status?.problem).toMatchObject({ code: 'balance_unavailable', reason: 'provider_error' });
    expect(JSON.stringify(status)).not.toContain('secret-in-a-message');
  });
});
