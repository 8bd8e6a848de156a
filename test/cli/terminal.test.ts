// The program itself, in a real terminal of tmux. Few: the other tests run the commands in process.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isSeen } from '../support/secret-scan.js';
import { BuiltProgram } from './program-support.js';
import { secret } from './secret.js';
import { hasTmux, Terminal } from './terminal-support.js';

let program: BuiltProgram;

/** A guard whose store is a file, with a sent payout, and whose provider never answers about p-2. */
const config = (folder: string) => `
import { createPayoutGuard } from './lib/index.js';
import { sqliteHistory } from './lib/history/index.js';
import { sqliteStore } from './lib/stores/sqlite/index.js';

const provider = {
  name: 'own', accountId: 'bank', debitVisibleAt: 'completion', secret: '${secret}',
  fetchBalance: async () => {
    if (process.env.PROVIDER_FAILS) throw new Error('password ${secret}');
    return { available: '1500.00', currency: 'KES' };
  },
  lookup: ({ reference, signal }) => reference === 'p-1'
    ? Promise.resolve({ outcome: 'completed' })
    : new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
};
export const store = sqliteStore({ file: '${folder}/store.db', recoveryMs: 0 });
export const history = sqliteHistory({ file: '${folder}/store.db', keepForMs: 86_400_000 });
const settings = { overdueAfterMs: 1_000, reconcileEveryMs: 0 };
export const guard = createPayoutGuard({ provider, currency: 'KES', store, ...settings });
if (process.env.SEED) {
  for (const reference of ['p-1', 'p-2']) await guard.hold({ amount: '100.00', reference, state: 'sent' });
}
// A connection that the module forgets: the command ends all the same.
setInterval(() => {}, 1_000);
`;

beforeAll(async () => {
  program = await BuiltProgram.make();
  await program.module(config(program.folder));
});

afterAll(() => program?.[Symbol.asyncDispose]());

/** Runs a command in a terminal, which then shows its exit code. */
function run(terminal: Terminal, ...args: string[]): void {
  terminal.run(`${process.execPath} ${program.command(...args).join(' ')}`);
}

describe('the program', () => {
  it('prints to pipes and ends by itself, whatever connections the module left open', async () => {
    const { code, stdout, stderr } = await program.run(['status'], { SEED: '1' });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^default {2}KES +1500\.00 +0\.00 +200\.00 +1300\.00 +0s {2}ok$/m);
  });

  it('shows no secret and no stack trace when the provider throws one', async () => {
    const { code, stderr } = await program.run(['status'], { PROVIDER_FAILS: '1' });
    expect([code, stderr]).toEqual([1, expect.stringContaining('the provider answered with an error')]);
  });

  it('refuses to act without a terminal and without --yes', async () => {
    const { code, stderr } = await program.run(['release', 'p-1', '--reason', 'x', '--as', 'ada']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('give --yes')]);
  });
});

(hasTmux ? describe : describe.skip)('in a terminal', () => {
  it('watch redraws in place, and Ctrl-C restores the screen', async () => {
    using terminal = new Terminal(program.folder);
    terminal.type('echo before');
    run(terminal, 'watch', '--every', '100ms');
    const first = await terminal.shows(/Ctrl-C ends[\s\S]*1500\.00/);
    expect(first.match(/WALLET/g)).toHaveLength(1);
    const [time] = /\d{4}-\d\d-\d\dT[\d:]+Z/.exec(first) ?? [];
    const later = await terminal.shows(new RegExp(`^(?![\\s\\S]*${time})[\\s\\S]*Ctrl-C ends`));
    expect(later.match(/WALLET/g)).toHaveLength(1);
    terminal.press('C-c');
    const after = await terminal.shows(/code 0/);
    expect(after).toContain('before');
    expect(after).not.toContain('WALLET');
  });

  it('a confirmation is asked for, and Ctrl-C at the question does nothing', async () => {
    using terminal = new Terminal(program.folder);
    run(terminal, 'release', 'p-1', '--reason', 'ticket', '--as', 'ada');
    const asked = await terminal.shows(/Type yes to go on/);
    expect(asked).toContain('release p-1: 100.00 KES from wallet default, sent');
    expect(asked).toContain('Counts the payout as not made');
    terminal.press('C-c');
    expect(await terminal.shows(/code 130/)).toContain('Interrupted. Nothing was done.');
    run(terminal, 'release', 'p-1', '--reason', 'ticket', '--as', 'ada');
    await terminal.shows(/Type yes to go on[\s\S]*Type yes to go on/);
    terminal.type('no');
    expect(await terminal.shows(/code 3/)).toContain('Not confirmed. Nothing was done.');
  });

  it('an interrupted reconcile states what was done, and the next command finds it', async () => {
    using terminal = new Terminal(program.folder);
    run(terminal, 'reconcile', '--older-than', '0ms');
    await terminal.shows(/\[#{10}\.{10}\] 1 of 2 {2}1 captured, 0 released/);
    terminal.press('C-c');
    const after = await terminal.shows(/code 130/);
    expect(after).toContain('Interrupted. 1 of 2 payouts looked up: 1 captured, 0 released.');
    run(terminal, 'capture', 'p-2', '99.50', '--reason', 'statement', '--as', 'ada');
    await terminal.shows(/Type yes to go on/);
    terminal.type('yes');
    expect(await terminal.shows(/code 0/)).toContain('captured p-2: 99.50 KES');
    expect(isSeen(secret, terminal.text)).toBe(false);
    const { stdout } = await program.run(['hold', 'p-2']);
    expect(stdout).toMatch(/operator +action=capture operator=ada .*debit=99\.50/);
  });
});
