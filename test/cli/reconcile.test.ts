// `reconcile`: look-ups by hand, their counts and records, and an interruption.
import { describe, expect, it } from '@jest/globals';
import type { PayoutAnswer } from 'payout-guard';
import { collectWarnings } from '../support/warnings.js';
import { open, withHolds } from './two-wallets.js';

collectWarnings();

describe('reconcile', () => {
  /** Sent payouts of an hour ago, whose outcomes the provider answers by reference. */
  async function overdue(outcomes: Readonly<Record<string, PayoutAnswer | 'never'>>) {
    const opened = await open();
    const { kes, guard, clock } = opened;
    const asked: string[] = [];
    kes.provider.lookup = ({ reference, signal }) => {
      asked.push(reference);
      const answer = outcomes[reference];
      if (answer !== 'never') return Promise.resolve(answer ?? { outcome: 'unknown' });
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    const holds = [];
    for (const reference of Object.keys(outcomes)) {
      holds.push(await guard.hold({ wallet: 'jpay-kes', amount: '10.00', reference, state: 'sent' }));
    }
    await guard.close();
    clock.advance(3_600_000);
    return { ...opened, asked };
  }

  it('looks up what is overdue, with a bar in a terminal, and lists what the provider has no record of', async () => {
    const { commandIn } = await overdue({
      a: { outcome: 'completed' },
      b: { outcome: 'failed' },
      c: { outcome: 'unknown', absent: true },
    });
    const written: string[] = [];
    const progressScreen = { columns: 80, write: (text: string) => written.push(text) };
    const { code, out } = await commandIn({ progressScreen }, 'reconcile');
    expect(code).toBe(0);
    expect(out).toBe(
      [
        '1 captured, 1 released, 1 still open',
        'The provider has no record of:',
        '  c  10.00 KES',
        'Compare them with its dashboard, and release those that were never sent.',
      ].join('\n'),
    );
    expect(written[0]).toBe('\r\u001b[K[....................] 0 of 3  0 captured, 0 released');
    expect(written.at(-2)).toBe('\r\u001b[K[####################] 3 of 3  1 captured, 1 released');
    expect(written.at(-1)).toBe('\r\u001b[K');
  });

  it('looks up one payout, and records who asked', async () => {
    const { command, asked, history } = await overdue({ a: { outcome: 'completed' }, b: { outcome: 'completed' } });
    const { out } = await command('reconcile', 'b', '--json', '--as', 'grace');
    expect(JSON.parse(out)).toEqual({ captured: 1, released: 0, open: 0, neverSeen: [], elsewhere: 0 });
    expect(asked).toEqual(['b']);
    expect((await history.query({ kind: 'operator' })).entries).toMatchObject([
      { reference: 'b', data: { operator: 'grace' } },
    ]);
    expect((await command('reconcile', 'x')).code).toBe(3);
  });

  it('counts open payouts that another process has just looked up', async () => {
    const { command, asked } = await overdue({ a: { outcome: 'unknown' }, b: { outcome: 'unknown' } });
    expect((await command('reconcile')).out).toBe('0 captured, 0 released, 2 still open');
    expect((await command('reconcile')).out).toBe(
      '0 captured, 0 released, 0 still open\n' +
        '2 payouts still open, which another process looked up within the last minute: run the command again then.',
    );
    expect(JSON.parse((await command('reconcile', '--json')).out)).toMatchObject({ open: 0, elsewhere: 2 });
    expect(asked).toEqual(['a', 'b']);
  });

  it('leaves younger payouts alone', async () => {
    const { command, asked } = await overdue({ a: { outcome: 'completed' } });
    expect((await command('reconcile', '--older-than', '2h')).out).toBe(
      'No open payout was sent 2h ago or earlier, so none was looked up.',
    );
    expect(JSON.parse((await command('reconcile', '--older-than', '2h', '--json')).out)).toMatchObject({ open: 0 });
    expect(asked).toEqual([]);
  });

  it('states that nothing is overdue, and from when on a payout is looked up', async () => {
    const { command, guard } = await open();
    await guard.hold({ wallet: 'isw-ugx', amount: '20000', reference: 'u-1', state: 'sent' });
    expect((await command('reconcile')).out).toBe(
      'Nothing is overdue. A payout is looked up from 5m after it was sent; --older-than 0s looks up all.',
    );
    expect((await command('reconcile', '--older-than', '0s')).out).toBe('0 captured, 0 released, 1 still open');
  });

  it('states that one payout has no outcome to look up', async () => {
    const { command } = await withHolds();
    expect((await command('reconcile', 'k-1')).out).toBe('The payout has its outcome already, or was not sent yet.');
  });

  it('ends when it is interrupted, and states what was done', async () => {
    const { commandIn, guard } = await overdue({
      a: { outcome: 'completed' },
      b: 'never',
      c: { outcome: 'completed' },
    });
    const interrupt = new AbortController();
    const write = (text: string) => {
      if (text.includes(' 2 of 3 ')) interrupt.abort();
    };
    const context = { progressScreen: { columns: 80, write }, interrupted: interrupt.signal };
    const { code, err } = await commandIn(context, 'reconcile');
    expect(code).toBe(130);
    expect(err).toContain('Interrupted. 2 of 3 payouts looked up: 2 captured, 0 released. The rest is as it was');
    expect((await guard.getHold('b'))?.state).toBe('sent');
  });
});
