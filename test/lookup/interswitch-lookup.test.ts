// The outcome of a payment through the Interswitch service: the codes that count, and those that do not.
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { interswitch } from 'payout-guard/providers/interswitch';
import type { InterswitchSimulatorOptions } from 'payout-guard/testing';
import { balanceMeaning, payoutOutcome, responseCodes } from '../../src/providers/interswitch/response-codes.js';
import { closeAll, send, startServer } from '../providers/support.js';
import { answering, envelope, pay, start } from './interswitch-lookup-support.js';
import { ask, once, wordOf } from './support.js';

afterEach(closeAll);

const statusPath = '/isw/payments/checkStatus';

// Section 7 of the protocol notes, row by row: class on a payment, then the result of a look-up.
const table: [string, string, string][] = [
  ['90000', 'OK', 'completed'],
  ['9000', 'OK', 'completed'],
  ['90001', 'PEND', 'pending'],
  ['90009', 'PEND', 'pending'],
  ['90006', 'UNK', 'unknown'],
  ['90091', 'UNK', 'unknown'],
  ['90092', 'UNK', 'unknown'],
  ['90096', 'UNK', 'unknown'],
  ['90020', 'FAIL', 'failed'],
  ['90051', 'FAIL', 'failed'],
  ['90098', 'FAIL', 'failed'],
  ['70061', 'FAIL', 'failed'],
  ['90063', 'AUTH', 'unauthorized'],
  ['90054', 'AUTH', 'unauthorized'],
  ['90055', 'AUTH', 'unauthorized'],
  ['700A5', 'AUTH', 'unauthorized'],
  ['700A6', 'AUTH', 'unauthorized'],
  ['90026', 'DUP', 'unknown'],
  ['70018', 'DUP', 'unknown'],
  ['30020', 'DUP', 'unknown'],
  ['90094', 'FAIL', 'unknown'],
  ['90059', 'FAIL', 'unknown'],
  ['90025', 'UNK', 'unknown'],
  ['90013', 'FAIL', 'failed'],
  ['90030', 'FAIL', 'unknown'],
  ['900A9', 'FAIL', 'failed'],
  ['90023', 'FAIL', 'failed'],
  ['90052', 'FAIL', 'unknown'],
  ['70010', 'FAIL', 'failed'],
  ['70017', 'FAIL', 'failed'],
  ['70026', 'FAIL', 'forbidden'],
  ['70027', 'FAIL', 'forbidden'],
  ['70028', 'FAIL', 'forbidden'],
  ['70029', 'FAIL', 'forbidden'],
  ['70030', 'FAIL', 'forbidden'],
  ['70031', 'FAIL', 'forbidden'],
  ['70037', 'FAIL', 'forbidden'],
  ['70038', 'FAIL', 'unknown'],
  ['70053', 'FAIL', 'unknown'],
  ['70054', 'FAIL', 'failed'],
  ['70056', 'FAIL', 'failed'],
  ['70057', 'FAIL', 'unknown'],
  ['70058', 'FAIL', 'unknown'],
];

describe('the table of codes', () => {
  it('has every code of the protocol notes once, with its class, and no other', () => {
    const listed = Object.entries(responseCodes).map(([code, { payment }]) => [code, payment]);
    expect(listed.sort()).toEqual(table.map(([code, payment]) => [code, payment]).sort());
    for (const { text } of Object.values(responseCodes)) expect(text).toMatch(/^[A-Z_]/);
  });

  it.each(table)('reads %s, of class %s, as %s', async (code, _, word) => {
    const { provider, server } = await answering(envelope(code));
    expect(await wordOf(provider)).toBe(word);
    expect(server.requests).toHaveLength(1);
  });

  it('doubts no class but FAIL, and finds no failure in what it doubts', () => {
    for (const [code, { payment, doubt }] of Object.entries(responseCodes)) {
      if (doubt !== undefined) expect([code, payment, payoutOutcome(code)]).toEqual([code, 'FAIL', 'unknown']);
      else if (payment === 'FAIL') expect([code, payoutOutcome(code)]).toEqual([code, 'failed']);
    }
  });

  it('has the meaning of each code for a balance', () => {
    const meanings: Record<string, string[]> = {
      ok: ['90000', '9000'],
      busy: ['90006', '90009', '90091', '90092', '90096'],
      unauthorized: ['90054', '90055', '90063', '700A5', '700A6'],
      operator: ['70026', '70027', '70028', '70029', '70030', '70031', '70037'],
    };
    for (const [code] of table) {
      const meaning = Object.keys(meanings).find((name) => meanings[name]?.includes(code)) ?? 'no';
      expect([code, balanceMeaning(code)]).toEqual([code, meaning]);
    }
  });

  it.each([
    '',
    '0',
    '00',
    '90',
    '900000',
    '09000',
    ' 90000',
    '90000 ',
    '90020.0',
    '9OOOO',
    '70032',
    'constructor',
    '__proto__',
  ])('knows nothing of the code %j', async (code) => {
    expect([payoutOutcome(code), balanceMeaning(code)]).toEqual(['unknown', 'no']);
    expect(await wordOf((await answering(envelope(code))).provider)).toBe('unknown');
  });
});

describe('lookup', () => {
  it('reports the outcome of a payment', async () => {
    const world = await start({ openCodeOf: () => '90009' });
    expect(await ask(world.provider)).toEqual({ outcome: 'unknown', absent: true });
    for (const reference of ['ref-1', 'ref-2', 'ref-3']) await pay(world, reference);
    world.simulator.advance('ref-2', 'completed');
    world.simulator.advance('ref-3', 'failed');
    expect(await ask(world.provider, 'ref-1')).toEqual({ outcome: 'pending' });
    expect(await ask(world.provider, 'ref-2')).toEqual({ outcome: 'completed' });
    expect(await ask(world.provider, 'ref-3')).toEqual({ outcome: 'failed' });
    expect(await ask(world.provider, 'ref-4')).toEqual({ outcome: 'unknown', absent: true });
  });

  it('reports a payment that the wallet did not cover, and one whose pay was answered by 90091 or 90001', async () => {
    const poor = await start({ available: '50' });
    await pay(poor);
    expect(await wordOf(poor.provider)).toBe('failed');
    const codes = { down: '90091', sent: '90001' } as const;
    const world = await start({ openCodeOf: ({ requestReference }) => codes[requestReference as 'down'] });
    await pay(world, 'down');
    await pay(world, 'sent');
    expect([await wordOf(world.provider, 'down'), await wordOf(world.provider, 'sent')]).toEqual([
      'unknown',
      'pending',
    ]);
  });

  it.each<InterswitchSimulatorOptions>([{ shape: 'flat' }, { amounts: 'text' }, { amounts: 'javaDouble', fee: '7' }])(
    'reads answers written as %j, and reports no debit: nothing shows whether it includes the fee',
    async (options) => {
      const world = await start(options);
      await pay(world);
      expect(await ask(world.provider)).toEqual({ outcome: 'completed' });
    },
  );

  it('reads a code that is a number, and an answer that names no payment', async () => {
    for (const requestReference of [null, undefined]) {
      expect(await wordOf((await answering(envelope(90_000, { requestReference }))).provider)).toBe('completed');
      expect(await wordOf((await answering(envelope('90051', { requestReference }))).provider)).toBe('failed');
    }
  });

  it.each(['ref-2', 'REF-1', 'ref-1 ', '', 1])('does not count an answer about %j', async (requestReference) => {
    for (const code of ['90000', '90051', '90009', '90025']) {
      const { provider } = await answering(envelope(code, { requestReference }));
      expect(await ask(provider)).toEqual({ outcome: 'unknown' });
    }
  });

  it.each(table.filter(([, , word]) => word === 'unknown'))(
    'finds a payment absent on 90025 only, and not on %s',
    async (code) => {
      const answer = await ask((await answering(envelope(code))).provider);
      expect(answer).toEqual(code === '90025' ? { outcome: 'unknown', absent: true } : { outcome: 'unknown' });
    },
  );

  it.each(['a&requestReference=b', 'a#b', 'a%41', 'a+b', 'a?b', 'a=b', 'a;b', 'a\\b', '{a}', 'a,b'])(
    'does not ask about %s, which might become another reference on its way',
    async (reference) => {
      const { provider, server } = await answering(envelope('90051', { requestReference: null }));
      expect(await wordOf(provider, reference)).toBe('unknown');
      expect(server.requests).toEqual([]);
    },
  );

  it.each(['a', 'payout:42', 'shop/7/payout-1_b.c', 'me@shop', 'x'.repeat(128)])('asks about %s', async (reference) => {
    const world = await start();
    await pay(world, reference);
    expect(await wordOf(world.provider, reference)).toBe('completed');
    expect(world.simulator.count(statusPath)).toBe(1);
  });

  it('counts no code but those of the table, whatever the answer', async () => {
    let answer = '';
    const server = await startServer((response) => send(response, answer));
    const provider = interswitch({ baseUrl: server.url, ...once });
    const finals: Record<string, string> = Object.fromEntries(
      table.filter(([, , word]) => word === 'completed' || word === 'failed').map(([code, , word]) => [code, word]),
    );
    const codes = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(...table.map(([code]) => code)),
      fc.integer({ min: 0, max: 99_999 }),
      fc.integer({ min: 0, max: 99_999 }).map(String),
      fc.stringMatching(/^[79]0{1,3}[0-9A]{1,3}$/),
    );
    await fc.assert(
      fc.asyncProperty(codes, async (code) => {
        answer = envelope(code);
        const word = await wordOf(provider);
        const key = typeof code === 'string' || typeof code === 'number' ? String(code) : '';
        const expected = Object.hasOwn(finals, key) ? finals[key] : undefined;
        expect([code, ['completed', 'failed'].includes(word) ? word : undefined]).toEqual([code, expected]);
      }),
      { numRuns: 500 },
    );
  });
});
