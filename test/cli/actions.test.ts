// The commands that act on a payout or a wallet: their confirmations and their records.
import { describe, expect, it } from '@jest/globals';
import { memoryStore } from 'payout-guard';
import { memoryHistory } from 'payout-guard/history';
import { actionMeanings } from '../../src/operate/index.js';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { closedBy, moduleOf, run, secret, shared } from './support.js';
import { open, withHolds } from './two-wallets.js';

const capture = (...args: string[]) => ['capture', ...args, '--reason', 'x'];
const answering = (answer: string) => ({ canAsk: true, ask: async () => answer });
collectWarnings();

describe('capture and release', () => {
  it('repeat the meaning, the amount and the currency before they act', async () => {
    const { commandIn, guard } = await withHolds();
    const { code, out, err } = await commandIn(
      answering('yes'),
      'capture',
      'u-1',
      '19500',
      '--reason',
      'in the statement',
    );
    expect([code, out]).toEqual([0, 'captured u-1: 19500 UGX']);
    expect(err).toContain('capture u-1: 20000 UGX from wallet isw-ugx, sent, of which 19500 UGX left\n');
    expect(err).toContain(actionMeanings.capture);
    expect(await guard.getHold('u-1')).toMatchObject({ state: 'captured', captured: '19500' });
    const released = await commandIn(answering(' YES '), 'release', 'k-2', '--reason', 'ticket 4711');
    expect([released.code, released.out]).toEqual([0, 'released k-2: 99.00 KES']);
    expect(released.err).toContain(`release k-2: 99.00 KES from wallet jpay-kes, sent\n${actionMeanings.release}`);
    expect(await guard.getHold('k-2')).toMatchObject({ state: 'released', failed: true });
  });

  it('state before a release of a reserved payout that its reference may be held and paid again', async () => {
    const { commandIn, guard } = await open();
    const hold = () => guard.hold({ wallet: 'isw-ugx', amount: '20000', reference: 'u-1' });
    await hold();
    const { code, out, err } = await commandIn(answering('yes'), 'release', 'u-1', '--reason', 'ticket 4711');
    expect([code, out]).toEqual([0, 'released u-1: 20000 UGX']);
    expect(err).toContain(
      'release u-1: 20000 UGX from wallet isw-ugx, reserved\nThe payout was not sent. Frees its amount for others, ' +
        'and its reference may be held and paid again.',
    );
    expect(err).not.toContain(actionMeanings.release);
    expect((await hold()).state).toBe('reserved');
  });

  it('do not release a payout that is sent while the question is open', async () => {
    const { commandIn, guard } = await open();
    const hold = await guard.hold({ wallet: 'isw-ugx', amount: '20000', reference: 'u-1' });
    const ask = async () => {
      await hold.sent();
      return 'yes';
    };
    const { code, out, err } = await commandIn({ canAsk: true, ask }, 'release', 'u-1', '--reason', 'ticket 4711');
    expect([code, out]).toEqual([3, '']);
    expect(err).toContain('The payout is sent now; it was reserved at the question. Nothing was done.');
    expect((await guard.getHold('u-1'))?.state).toBe('sent');
  });

  it.each(['', 'y', 'no', 'yes please'])('do nothing after the answer %j, and exit 3', async (answer) => {
    const { commandIn, guard, history } = await withHolds();
    const { code, out, err } = await commandIn(answering(answer), 'release', 'k-2', '--reason', 'ticket 4711');
    expect([code, out]).toEqual([3, '']);
    expect(err).toContain('Not confirmed. Nothing was done.');
    expect((await guard.getHold('k-2'))?.state).toBe('sent');
    expect((await history.query({ kind: 'operator' })).entries).toEqual([]);
  });

  it.each([
    ['capture', 'k-2'],
    ['release', 'k-2'],
    ['freeze', 'jpay-kes'],
    ['unfreeze', 'jpay-kes'],
  ])('%s %s is refused without a terminal and without --yes', async (...args) => {
    const { command, guard } = await withHolds();
    const { code, err } = await command(...args, '--reason', 'x');
    expect([code, err]).toEqual([2, expect.stringContaining('no terminal to ask for a confirmation: give --yes')]);
    expect((await guard.getHold('k-2'))?.state).toBe('sent');
    expect((await guard.funds({ wallet: 'jpay-kes' })).frozen).toBeUndefined();
  });

  it('record the person and the reason in the history', async () => {
    const { command, history } = await withHolds();
    await command('capture', 'u-1', '--yes', '--reason', 'in the statement');
    await command('release', 'k-2', '--yes', '--reason', 'ticket 4711', '--as', 'grace');
    const { entries } = await history.query({ kind: 'operator' });
    expect(entries.map(({ reference, data }) => [reference, data])).toEqual([
      ['u-1', { action: 'capture', operator: 'ada', reason: 'in the statement' }],
      ['k-2', { action: 'release', operator: 'grace', reason: 'ticket 4711' }],
    ]);
  });

  it('note that nothing is recorded without a history, and need a name', async () => {
    const { guard } = await withHolds();
    const name = await moduleOf({ guard });
    const args = ['capture', 'u-1', '--yes', '--reason', 'x', '--guard', name];
    expect(await run(args, { userName: undefined })).toMatchObject({
      code: 2,
      err: expect.stringContaining('--as: name the person who acts'),
    });
    expect((await run(args)).err).toContain('not recorded, because ');
  });

  it.each<[string, string[], number, string]>([
    ['an unknown reference', capture('nothing'), 3, 'The store has no hold of this reference. Nothing was done.'],
    [
      'a release after a capture',
      ['release', 'k-1', '--reason', 'x'],
      3,
      'The hold is captured already, so it cannot be released.',
    ],
    [
      'another amount after a capture',
      ['capture', 'k-1', '1500.00', '--reason', 'x'],
      3,
      'belongs to a payout with another amount',
    ],
    ['a missing reason of a release', ['release', 'k-2'], 2, '--reason: name the reason'],
    ['a missing reason of a capture', ['capture', 'k-2'], 2, '--reason: name the reason'],
    [
      'a separator in the amount',
      capture('k-2', '1,500.00'),
      2,
      'AMOUNT: Invalid amount: it is not plain decimal text',
    ],
    ['a currency in the amount', capture('k-2', 'KES90'), 2, 'Got a text of 5 characters.'],
    ['too many decimals', capture('u-1', '1.5'), 2, 'it has more decimals than UGX'],
    ['an amount of zero', capture('k-2', '0'), 2, 'AMOUNT: Invalid amount: it is zero'],
    [
      'a reason with control characters',
      ['release', 'k-2', '--reason', 'a\nb'],
      2,
      '--reason must be 1 to 200 printable characters; got a text with control characters',
    ],
    ['a reason of blanks', ['release', 'k-2', '--reason', '  '], 2, 'printable characters; got blanks'],
    ['a name that is too long', [...capture('k-2'), '--as', 'x'.repeat(101)], 2, '--as must be 1 to 100 printable'],
    ['a reference that is none', capture('a b'), 2, 'REFERENCE must be the id of a payout, 1 to 128 visible ASCII'],
  ])('refuse %s', async (_, args, expected, problem) => {
    const { command } = await withHolds();
    const { code, out, err } = await command(...args, '--yes');
    expect([code, out]).toEqual([expected, '']);
    expect(err).toContain(problem);
  });

  it('print the hold as JSON', async () => {
    const { command } = await withHolds();
    const { out } = await command(...capture('u-1'), '--yes', '--json');
    expect(JSON.parse(out).hold).toMatchObject({ reference: 'u-1', state: 'captured', captured: '20000' });
  });

  it('do nothing when they are interrupted at the question, and state that', async () => {
    const { commandIn, guard } = await withHolds();
    const interrupt = new AbortController();
    const ask = () => {
      interrupt.abort();
      return Promise.reject(new Error('aborted'));
    };
    const context = { canAsk: true, ask, interrupted: interrupt.signal };
    const { code, err } = await commandIn(context, ...capture('u-1'));
    expect([code, err]).toEqual([130, expect.stringContaining('Interrupted. Nothing was done.')]);
    expect((await guard.getHold('u-1'))?.state).toBe('sent');
  });
});

describe('freeze and unfreeze', () => {
  it('stop payouts in every process, and let them continue', async () => {
    const { command, guard } = await open();
    expect(await command('freeze', 'jpay-kes', '--reason', 'audit', '--yes')).toMatchObject({
      code: 0,
      out: 'jpay-kes is frozen',
    });
    const hold = () => guard.hold({ wallet: 'jpay-kes', amount: '1', reference: 'k' });
    await expect(hold()).rejects.toMatchObject({ code: 'wallet_frozen' });
    expect((await command('unfreeze', 'jpay-kes', '--reason', 'x', '--yes', '--json')).out).toContain(
      '"frozen": false',
    );
    expect((await hold()).state).toBe('reserved');
  });

  it.each([
    ['freeze', 'default', '--reason', 'x'],
    ['unfreeze', 'default', '--reason', 'x'],
  ])('refuse a store in memory, which no service sees: %s', async (...args) => {
    const guard = scriptedWallet().guard();
    const { code, out, err } = await run([...args, '--yes', '--guard', await moduleOf({ guard })]);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('so no service would see it. Nothing was done');
  });

  it('refuse an unknown wallet, and a freeze without a reason', async () => {
    const { command } = await open();
    expect((await command('freeze', secret, '--reason', 'x', '--yes')).code).toBe(2);
    expect((await command('freeze', 'jpay-kes', '--yes')).code).toBe(2);
  });
});

describe('accept-limits', () => {
  it('lets limits count again that refuse because the store lost data', async () => {
    // One that began in the course of the day, as after a loss.
    const store = shared(Object.assign(memoryStore(), { limits: 'durable' as const }));
    const wallet = scriptedWallet();
    const make = () =>
      wallet.guard({ store, clock: { now: () => Date.now() }, limits: { perDay: '10', timeZone: 'UTC' } });
    const guard = make();
    const hold = () => guard.hold({ amount: '1', reference: 'a' });
    await expect(hold()).rejects.toMatchObject({ code: 'limits_unknown' });
    const history = closedBy(memoryHistory());
    const name = await moduleOf({ default: () => ({ guard: make(), history }) });
    const accept = (context: object, ...more: string[]) =>
      run(['accept-limits', 'default', '--reason', 'compared', '--guard', name, ...more], context);
    expect((await accept(answering('no'))).code).toBe(3);
    await expect(hold()).rejects.toMatchObject({ code: 'limits_unknown' });
    const { code, out, err } = await accept(answering('yes'), '--as', 'grace');
    expect([code, out]).toEqual([0, 'default counts its daily limits again']);
    expect(err).toContain(`accept-limits default (KES)\n${actionMeanings.acceptLimits}`);
    expect((await hold()).state).toBe('reserved');
    const { entries } = await history.query({ kind: 'operator' });
    expect(entries.map(({ data }) => data)).toEqual([
      { action: 'acceptLimits', operator: 'grace', reason: 'compared' },
    ]);
    expect((await accept({}, '--yes', '--json')).out).toBe('{\n  "wallet": "default",\n  "limitsAccepted": true\n}');
    await guard.close();
  });

  it('refuses a wallet without limits per day, before it asks', async () => {
    const { commandIn } = await open();
    const { code, out, err } = await commandIn(answering('yes'), 'accept-limits', 'jpay-kes', '--reason', 'x');
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('WALLET: it has no limits per day');
  });
});
