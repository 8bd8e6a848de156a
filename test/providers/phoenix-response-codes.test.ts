// The one table of response codes, row by row, and the page that is generated from it.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  balanceMeaning,
  knownCode,
  paymentOutcome,
  payoutOutcome,
  refusalOf,
  responseCodes,
} from '../../src/providers/interswitch/response-codes.js';
import { runTypeScript } from '../support/programs.js';

// Section 7 of the protocol notes: code, class on a payment, class on a balance, whether to ask again.
const rows = `
  90000 OK ok no             9000 OK ok no              90001 PEND no no
  90009 PEND busy later      90006 UNK busy later       90091 UNK busy later
  90092 UNK busy later       90096 UNK busy later       90020 FAIL no no
  90051 FAIL no no           90098 FAIL no no           70061 FAIL no no
  90063 AUTH unauthorized renew                         90054 AUTH unauthorized renew
  90055 AUTH unauthorized no 700A5 AUTH unauthorized no 700A6 AUTH unauthorized no
  90026 DUP no no            70018 DUP no no            30020 DUP no no
  90094 FAIL no no           90059 FAIL no no           90025 UNK no no
  90013 FAIL no no           90030 FAIL no no           900A9 FAIL no no
  90023 FAIL no no           90052 FAIL no no           70010 FAIL no no
  70017 FAIL no no           70026 FAIL operator no     70027 FAIL operator no
  70028 FAIL operator no     70029 FAIL operator no     70030 FAIL operator no
  70031 FAIL operator no     70037 FAIL operator no     70038 FAIL no no
  70053 FAIL no no           70054 FAIL no no           70056 FAIL no no
  70057 FAIL no no           70058 FAIL no no`;
const table = [...rows.matchAll(/(\w+) ([A-Z]+) ([a-z]+) ([a-z]+)/g)].map(
  ([, code = '', payment = '', balance = '', retry = '']): [string, string, string, string] => [
    code,
    payment,
    balance,
    retry,
  ],
);
const reasons: Record<string, string> = { unauthorized: 'unauthorized', operator: 'forbidden' };
const page = readFileSync('docs/response-codes.md', 'utf8');

describe('the table', () => {
  it('has these codes and no other', () => {
    expect(table.map(([code]) => code).sort()).toEqual(Object.keys(responseCodes).sort());
    expect(table.length).toBe(43);
  });

  it.each(table)(
    '%s is %s on a payment, %s on a balance, and may be asked again: %s',
    (code, payment, balance, retry) => {
      expect(knownCode(code)).toMatchObject({
        payment,
        balance,
        retry,
        text: expect.stringMatching(/^[A-Z][A-Z_ /-]+/),
      });
      expect(balanceMeaning(code)).toBe(balance);
      expect(refusalOf(code).failure).toEqual({
        kind: 'answer',
        reason: reasons[balance] ?? 'provider_error',
        detail: `code ${code}`,
        retryable: retry === 'later',
      });
      const { text, doubt } = responseCodes[code] ?? {};
      const lookup = payoutOutcome(code) + (doubt ? `: ${doubt}` : '');
      const verdict = paymentOutcome(code);
      const row = [`\`${code}\``, text, payment, verdict, lookup, balance, retry].join(' | ');
      expect(page).toContain(`\n${row}\n`);
    },
  );

  it.each(['', '0', '90', '900000', ' 90000', '90000 ', '9OOOO', 'constructor', '__proto__', 'hasOwnProperty'])(
    'knows nothing of %j',
    (code) => {
      expect([knownCode(code), balanceMeaning(code), payoutOutcome(code)]).toEqual([undefined, 'no', 'unknown']);
      expect(refusalOf(code).failure).toMatchObject({ reason: 'provider_error', retryable: false });
    },
  );

  it('repeats no code that is more than a code', () => {
    expect(refusalOf('secret of the body').failure).toMatchObject({ detail: 'unknown code' });
  });
});

it('the page is generated from the table', async () => {
  expect(await runTypeScript('scripts/response-codes.ts', ['--check'])).toEqual({ code: 0, stdout: '', stderr: '' });
});
