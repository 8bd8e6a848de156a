// Texts of others in the output: none of them changes the terminal, the order of the text or the form of a file.
import { describe, expect, it } from '@jest/globals';
import type { PayoutGuard } from 'payout-guard';
import { collectWarnings } from '../support/warnings.js';
import { closedBy, moduleOf, run } from './support.js';
import { open, type TwoWallets } from './two-wallets.js';

collectWarnings();

/** Reverses what follows it, clears the screen, rings, hides, breaks a line without one, and is no character. */
const evil = '\u202eKES 00.000\u2066\u001b[2J\u0007\u200b\u2028\u009b\u{e0041}\ud800';
const shown = '\\u202eKES 00.000\\u2066\\u001b[2J\\u0007\\u200b\\u2028\\u009b\\udb40\\udc41\\ud800';
/** What `watch` writes to redraw a terminal. */
const ownControl = new RegExp(`${String.fromCharCode(27)}\\[[?\\dHKJhl]+|\r\n`, 'g');
const raw = /[^\P{C}\n]|[\u2028\u2029]/u;

const metadata = { [`note${evil}`]: evil, order: 'A"17' };

/** A payout with such metadata, and a provider whose figures and whose wallet's freeze have such texts. */
async function withEvil(): Promise<Pick<TwoWallets, 'command' | 'commandIn'>> {
  const { guard, history } = await open();
  await guard.hold({ wallet: 'jpay-kes', amount: '1.00', reference: 'k-1', state: 'sent', metadata });
  const funds: PayoutGuard['funds'] = async (options) => {
    const read = await guard.funds(options);
    return { ...read, details: { [evil]: evil }, frozen: { reason: evil, since: new Date(0) } };
  };
  const get = (part: PayoutGuard, name: string) => (name === 'funds' ? funds : Reflect.get(part, name));
  const withFunds = new Proxy(closedBy(guard), { get: (part, name) => get(part, String(name)) });
  const name = await moduleOf({ guard: withFunds, history });
  const commandIn: TwoWallets['commandIn'] = (context, ...args) => run([...args, '--guard', name], context);
  return { commandIn, command: (...args) => commandIn({}, ...args) };
}

describe('unsafe characters', () => {
  it.each<[string[]]>([
    [['hold', 'k-1']],
    [['hold', 'k-1', '--json']],
    [['holds', '--json']],
    [['status']],
    [['status', '--json']],
    [['watch', '--count', '1']],
    [['doctor']],
    [['doctor', '--json']],
  ])('are escaped by %j', async (args) => {
    const { command } = await withEvil();
    const { out, err } = await command(...args);
    expect(out).toContain(shown);
    expect(out + err).not.toMatch(raw);
  });

  it('stay in the values of JSON', async () => {
    const { command } = await withEvil();
    const [hold] = JSON.parse((await command('holds', '--json')).out).holds;
    expect(hold.metadata).toEqual(metadata);
  });

  it('are escaped in CSV, which has the metadata as JSON', async () => {
    const { command } = await withEvil();
    const { out } = await command('holds', '--csv');
    const [names, line, ...more] = out.split('\r\n');
    expect([names?.split(',').at(-1), more]).toEqual(['metadata', []]);
    expect(out.replaceAll('\r\n', '')).not.toMatch(raw);
    const [, cell = ''] = /,"(\{.*\})"$/.exec(line ?? '') ?? [];
    expect(JSON.parse(cell.replaceAll('""', '"'))).toEqual(metadata);
  });

  it('are escaped on a screen that is redrawn', async () => {
    const { commandIn } = await withEvil();
    const written: string[] = [];
    const screen = { columns: 200, write: (text: string) => written.push(text) };
    await commandIn({ screen }, 'watch', '--count', '1');
    const drawn = written.join('').replaceAll(ownControl, '');
    expect(drawn).toContain(shown);
    expect(drawn).not.toMatch(raw);
  });
});
