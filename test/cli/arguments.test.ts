// Arguments and options that are refused, each by its name, without repeating what may be a secret.
import { describe, expect, it } from '@jest/globals';
import { collectWarnings } from '../support/warnings.js';
import { run, secret } from './support.js';
import { open } from './two-wallets.js';

collectWarnings();

describe('the arguments', () => {
  it.each<[string[], string]>([
    [['holds', '--state', 'paid'], '--state must be one of reserved, sent, captured, released'],
    [
      ['holds', '--older-than', '2 hours'],
      '--older-than must be a duration, as a whole number with a unit (500ms, 90s, 30m, 2h or 3d); got a text of 7',
    ],
    [['holds', '--limit', '0'], '--limit must be a whole number from 1 to 100000; got 0'],
    [['holds', '--wallet', secret], '--wallet: the guard has no such wallet. The guard has: jpay-kes, isw-ugx.'],
    [['holds', '--older-than', '1000000000d'], 'got a text of 11 characters'],
    [['holds', '--json', '--csv'], '--json and --csv are two forms of one output: give one'],
    [['report', '2023-11-14', '--json', '--csv'], '--json and --csv are two forms of one output: give one'],
    [['watch', '--every', '0s'], '--every must be a duration from 100ms to 1d'],
    [['watch', '--every', '99ms'], 'got 99ms'],
    [['watch', '--every', '2d'], 'got 2d'],
    [['status', '--load-within', '0s'], '--load-within must be a duration from 1s to 10m'],
    [['report', '2023-02-30'], 'DAY must be a date of the calendar, as YYYY-MM-DD; got 2023-02-30'],
    [['report', '2023-02-30x'], 'DAY must be a date of the calendar, as YYYY-MM-DD; got a text of 11 characters'],
    [['report', ''], 'got an empty text'],
    [['report', '2023-11-15'], 'DAY must be today (2023-11-14 in UTC) or an earlier day; got 2023-11-15'],
    [['report', '2023-11-16', '--time-zone', 'Africa/Nairobi'], 'today (2023-11-15 in Africa/Nairobi)'],
    [
      ['drift', '--from', '2023-11-13', '--to', '2023-11-12'],
      '--from must be before --to (2023-11-12); got 2023-11-13',
    ],
    [['drift', '--from', '2023-11-13', '--to', '2023-11-13'], '--from must be before --to (2023-11-13)'],
    [['drift', '--from', '2023-11-15'], '--from must be before now; got 2023-11-15'],
    [['hold', ''], 'REFERENCE must be the id of a payout'],
    [
      ['report', '2023-11-14', '--time-zone', 'Nairobi'],
      '--time-zone must be an IANA name such as Africa/Nairobi; got a text of 7 characters',
    ],
    [['drift', '--from', '14/11/2023'], '--from must be a day (2026-11-26) or a time with its zone'],
    [['drift', '--to', '2023-02-31'], '--to must be a day'],
    [
      ['watch', '--every', '5'],
      '--every must be a duration from 100ms to 1d, as a whole number with a unit (500ms, 90s, 30m, 2h or 3d); got 5',
    ],
  ])('%j are refused: %s', async (args, problem) => {
    const { command } = await open();
    const { code, out, err } = await command(...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(problem);
  });

  it.each<[string[], string]>([
    [['statu'], 'there is no such command; did you mean status?'],
    [['status', `--${secret}`], 'unknown option'],
    [['status', '--walet', 'x'], 'unknown option; did you mean --wallet?'],
    [['status', '--wallet'], "option '--wallet <key>' argument missing"],
    [['status', secret], 'too many arguments'],
    [['hold'], "missing required argument 'reference'"],
    [['phoenix'], 'there is no such command'],
    [['completion', secret], 'SHELL must be one of bash, zsh, fish; got a text of 20 characters'],
  ])('%j are refused without repeating them', async (args, problem) => {
    const { code, out, err } = await run(args);
    expect([code, out]).toEqual([2, '']);
    expect(err.split('\n')[0]).toBe(`payout-guard: ${problem}`);
  });

  it('have help, of all commands and of each', async () => {
    expect((await run(['--help'])).out).toContain('reconcile [options] [reference]');
    const { code, out, err } = await run(['release', '--help']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('--reason <text>');
  });
});
