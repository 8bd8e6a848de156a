// The commands of docs/cli.md: each is run as it is written, and prints what the document shows.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPayoutGuard, memoryStore } from 'payout-guard';
import { memoryHistory, recordHistory } from 'payout-guard/history';
import { catalog } from '../../src/cli/catalog.js';
import { runCommand } from '../../src/cli/command.js';
import { closedBy, shared } from '../cli/support.js';
import { root } from '../support/programs.js';
import { scriptedWallet, stoppedClock } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';

const document = readFileSync(join(root, 'docs/cli.md'), 'utf8');

/** Each command with the output below it, in the order of the document: one finds what those before it did. */
const examples = [...document.matchAll(/```sh\nnpx payout-guard (.+)\n```\n\n```text\n([^`]*)```/g)].map(
  ([, args = '', output = '']) => [args, output.trimEnd()] as const,
);

let folder: string;
collectWarnings();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'payout-guard-docs-'));
  await writeFile(join(folder, 'payout-guard.config.mjs'), 'export default globalThis.payoutGuardOfTheDocument;');
  const [, csv = ''] = /```text\n(wallet,reference[^`]*)```/.exec(document) ?? [];
  await writeFile(join(folder, 'payouts.csv'), csv);
  (globalThis as Record<string, unknown>).payoutGuardOfTheDocument = await demo();
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** A guard of two wallets with four payouts, made anew for each command on one store. */
async function demo() {
  const clock = stoppedClock();
  const lookup = async ({ reference }: { reference: string }) =>
    reference === 'order-19' ? { outcome: 'completed' as const } : { outcome: 'unknown' as const, absent: true };
  const kes = scriptedWallet('250000.00', { name: 'jpay', accountId: 'api.jpay.africa', lookup });
  const ugx = scriptedWallet('4000000', { name: 'interswitch', accountId: 'service.example', lookup });
  ugx.balance = { available: '4000000', currency: 'UGX' };
  const store = shared(Object.assign(memoryStore({ clock }), { limits: 'durable' as const }));
  const history = closedBy(memoryHistory());
  const make = () => {
    const wallets = {
      'jpay-kes': { provider: kes.provider, currency: 'KES', floor: '5000.00' },
      'isw-ugx': { provider: ugx.provider, currency: 'UGX', limits: { perDay: '5000000', timeZone: 'UTC' } },
    };
    const guard = createPayoutGuard({ wallets, store, clock, reconcileEveryMs: 0 });
    recordHistory(guard, history);
    return guard;
  };
  const guard = make();
  await guard.acceptLimits('isw-ugx');
  await guard.hold({ wallet: 'jpay-kes', amount: '1500.00', fee: '25.00', reference: 'order-17', state: 'sent' });
  clock.advance(60_000);
  await guard.capture('order-17', '1520.50');
  await guard.hold({ wallet: 'isw-ugx', amount: '250000', reference: 'order-18', state: 'sent' });
  await guard.hold({ wallet: 'jpay-kes', amount: '900.00', reference: 'order-19', state: 'sent' });
  await guard.hold({ wallet: 'jpay-kes', amount: '80.00', reference: 'order-20', state: 'sent' });
  clock.advance(3_600_000);
  await guard.close();
  return () => ({ guard: make(), history, store });
}

/** The words of a command: quotes keep blanks. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

/** Attempts are random, and the version of Node.js is that of the machine. */
function steady(text: string): string {
  return text
    .replaceAll(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, 'bb4f…')
    .replaceAll(/Node\.js [\d.]+/g, 'Node.js 20');
}

describe('docs/cli.md', () => {
  it('has the output of a command for each that prints one', () => {
    const shown = new Set(examples.map(([args]) => args.split(' ')[0]));
    const first = ['status', 'holds', 'hold', 'capture', 'reconcile', 'freeze', 'unfreeze', 'accept-limits'];
    expect([...shown]).toEqual([...first, 'report', 'plan', 'doctor']);
  });

  it.each(examples)('npx payout-guard %s', async (args, output) => {
    const printed: string[] = [];
    await runCommand(wordsOf(args), {
      env: {},
      print: (line) => printed.push(line),
      printError: () => {},
      ask: async () => '',
      cwd: folder,
      userName: 'ada',
    });
    expect(steady(printed.join('\n'))).toBe(output);
  });

  it('has a guard module that records what the commands cause, for the report of the day', () => {
    const [, module = ''] = /```js\n(\/\/ payout-guard\.config\.js\n[^`]*)```/.exec(document) ?? [];
    expect(module).toMatch(/^recordHistory\(guard, history\);/m);
  });

  it('lists every command', () => {
    const [, table = ''] = /\| command \| does \|\n([\s\S]*?)\n\n/.exec(document) ?? [];
    for (const { name } of catalog) expect(table).toMatch(new RegExp(`\`${name}\\b`));
  });
});
