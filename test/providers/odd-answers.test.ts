// Odd answers of providers, real and forged: none of them approves anything.
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BalanceUnavailableError } from 'payout-guard';
import { budget } from '../support/budget.js';
import { closeAll, failureOf, families, guardOf, type RawServer, send, startServer } from './support.js';

let server: RawServer;
let answer: { body: string | Buffer; status?: number; headers?: Record<string, string> };

beforeAll(async () => {
  server = await startServer((response) => send(response, answer.body, answer.status, answer.headers));
});
afterAll(closeAll);

type Family = (typeof families)[number];

/** The error of a check on an odd answer. The correct answer that follows must be accepted at once. */
async function failureThenApproval(family: Family, odd: typeof answer): Promise<{ error: Error; requests: number }> {
  const { checkFunds } = guardOf(family.provider(server.url));
  const before = server.requests.length;
  answer = odd;
  const error = await failureOf(checkFunds(family.currency === 'UGX' ? '1' : '0.01'));
  const requests = server.requests.length - before;
  answer = { body: family.answer('"1000.00"') };
  expect((await checkFunds('1000')).sufficient).toBe(true);
  expect((await checkFunds('1001')).sufficient).toBe(false);
  return { error, requests };
}

async function expectMalformed(family: Family, odd: typeof answer): Promise<void> {
  const { error, requests } = await failureThenApproval(family, odd);
  expect(error).toBeInstanceOf(BalanceUnavailableError);
  expect(error).toMatchObject({ code: 'balance_unavailable', reason: 'malformed', status: 503, expose: false });
  expect(requests).toBe(1);
}

// Each takes the place of the available amount, as JSON text.
const noAmounts = String.raw`
  null | true | false | [] | {} | [1000.00] | ["1000.00"] | {"amount":"1000.00"}
  {"value":"1000.00","isLosslessNumber":true}
  "" | " " | " 1000.00" | "1000.00 " | "1000.00\n" | "\t1000.00" | "1000.00\u0000" | "1000.00\u200b" | "\ufeff1000.00"
  "+1000.00" | "--1000.00" | "-+1000.00" | "- 1000.00" | "-" | "1000.00-" | "−1000.00" | "(1000.00)"
  -1e-400 | -1e400 | --1 | -
  "1e5" | "1E5" | "1.0E7" | "1e400" | 1e400 | 1E+400 | 1e-400 | 1e99999999999999999999
  "Infinity" | "-Infinity" | "NaN" | "null" | "undefined" | "none" | "true" | "one thousand" | "__proto__"
  "constructor"
  NaN | Infinity | -Infinity | undefined | 0x3e8 | 01000.00 | +1000.00 | .5 | 1000. | 1_000 | 1,000.00
  1000.00f | '1000.00'
  "0x3e8" | "0b11" | ".50" | "1000." | "1000.00." | "1000.00.00" | "1000,00" | "12,000.00" | "12.000,00" | "12 000.00"
  "12\u00a0000.00" | "1_000.00" | "12'000.00" | "KES 1000.00" | "1000.00 KES" | "UGX1000" | "1000/-"
  "1000.00%" | "$1000.00"
  "١٢٠٠٠.٠٠" | "１２０００.００" | "۱۲۰۰۰.۰۰" | "१२०००.००" | "𝟏𝟎𝟎𝟎.𝟎𝟎" | "1000․00" | "1000．00" | "²³.00" | "Ⅷ.00" | "1000.0٠"
  "99999999999999999999.00" | 99999999999999999999.00 | "9223372036854775808.00" | 9223372036854775808.00 | 1e20`
  .split(/\s*[|\n]\s*/)
  .filter((json) => json !== '')
  .concat([`"${'0'.repeat(62)}1.00"`, `"1000.${'0'.repeat(60)}"`, `"${'9'.repeat(5_000)}"`, '9'.repeat(60_000)]);

// Each is a whole answer, derived from a correct one.
const noAnswers: [string, (correct: string, family: Family) => string | Buffer][] = [
  ['nothing', () => ''],
  ['blanks', () => ' \r\n\t '],
  ['null', () => 'null'],
  ['true', () => 'true'],
  ['a number only', () => '1000.00'],
  ['a text only', () => '"1000.00"'],
  ['an empty array', () => '[]'],
  ['an array of answers', (correct) => `[${correct}]`],
  ['an empty object', () => '{}'],
  ['text that holds the answer', (correct) => JSON.stringify(correct)],
  ['the answer in another object', (correct) => `{"data":${correct}}`],
  ['the answer as a prototype', (correct) => `{"__proto__":${correct}}`],
  ['the answer as a constructor', (correct) => `{"constructor":{"prototype":${correct}}}`],
  ['two answers', (correct) => correct + correct],
  ['two answers on two lines', (correct) => `${correct}\n${correct}`],
  ['JSON cut short by one byte', (correct) => correct.slice(0, -1)],
  ['JSON cut short in the middle', (correct) => correct.slice(0, correct.length / 2)],
  ['JSON that begins late', (correct) => correct.slice(1)],
  ['a sentence', () => 'Cannot Continue with Account Balance'],
  ['HTML', () => '<!doctype html><html><body>Maintenance: 1000.00</body></html>'],
  ['XML', () => '<balance currency="KES">1000.00</balance>'],
  ['a form', () => 'payout_wallet_balance=1000.00&availableBalance=1000&spendable=1000.00'],
  ['a guard against script inclusion', (correct) => `)]}',\n${correct}`],
  ['a callback', (correct) => `callback(${correct})`],
  ['a comment', (correct) => `${correct}// fine`],
  ['a trailing comma', (correct) => correct.replace(/\}$/, ',}')],
  ['single quotes', (correct) => correct.replaceAll('"', "'")],
  ['a NUL at the end', (correct) => `${correct}\0`],
  ['two byte order marks', (correct) => `\ufeff\ufeff${correct}`],
  ['a line break in a text', (_, { answer: of }) => of('"1000\n.00"')],
  ['invalid UTF-8', (_, { answer: of }) => Buffer.from(of('"1000.00"', ',"name":"\xe9"'), 'latin1')],
  ['UTF-8 cut in a character', (correct) => Buffer.concat([Buffer.from(correct), Buffer.from([0xe2, 0x82])])],
  ['an overlong digit', (_, { answer: of }) => Buffer.from(of('"\xc0\xb1000.00"'), 'latin1')],
  ['UTF-16', (correct) => Buffer.from(`\ufeff${correct}`, 'utf16le')],
  ['bytes', () => Buffer.from([0x00, 0xff, 0xfe, 0x80, 0x1f, 0x8b])],
  ['65,537 bytes', (correct) => correct.padEnd(65_537)],
  ['a megabyte', (correct) => correct.padEnd(1_048_576)],
  ['32,000 arrays within each other', (_, { answer: of }) => of('"1000.00"', `,"x":${nested(32_000, '[', ']')}`)],
  ['10,000 objects within each other', (_, { answer: of }) => of('"1000.00"', `,"x":${nested(10_000, '{"a":', '}')}`)],
  ['65,000 arrays that never end', () => '['.repeat(65_000)],
  ['12,000 objects that never end', () => '{"a":'.repeat(12_000)],
  ['an odd key given twice', (_, { answer: of }) => of('"1000.00"', ',"x":1,"x":2')],
  ['__proto__ given twice', (_, { answer: of }) => of('"1000.00"', ',"__proto__":{"a":1},"__proto__":{"a":2}')],
];

/** The same JSON key with its first character written as an escape. */
function escaped(key: string): string {
  return `\\u${key.charCodeAt(0).toString(16).padStart(4, '0')}${key.slice(1)}`;
}

function nested(levels: number, open: string, close: string): string {
  return open.repeat(levels) + (open === '[' ? '' : '1') + close.repeat(levels);
}

/** With the small budget, each oddity is tested with one family. With the large one, with every family. */
const shareOf = <One>(odd: readonly One[], index: number): One[] =>
  odd.filter((_, at) => budget === 'large' || at % families.length === index);

describe.each(families.map((family, index) => ({ ...family, family, index })))('$name', ({ family, index }) => {
  it.each(shareOf(noAmounts, index))('approves nothing on an available amount of %s', async (json) => {
    await expectMalformed(family, { body: family.answer(json) });
  });

  it.each(shareOf(noAnswers, index))('approves nothing on %s', async (_, oddOf) => {
    await expectMalformed(family, { body: oddOf(family.answer('"1000.00"'), family) });
  });

  it('approves nothing when the available amount is missing, or is given twice with different values', async () => {
    const correct = family.answer('"1000.00"');
    const key = /(payout_wallet_balance|availableBalance|spendable)/.exec(correct)?.[0] ?? '';
    for (const other of ['"1000.000"', '"5.00"', '1000.01', 'null', '{}', '[]']) {
      await expectMalformed(family, { body: correct.replace(`"${key}"`, `"${key}":${other},"${key}"`) });
      await expectMalformed(family, { body: family.answer('"1000.00"', `,"${key}":${other}`) });
      await expectMalformed(family, { body: correct.replace(`"${key}"`, `"${escaped(key)}":${other},"${key}"`) });
    }
    for (const wrong of [`was_${key}`, `${key} `, key.toUpperCase(), `${key}\\u0000`, key.replace('a', 'а'), '']) {
      await expectMalformed(family, { body: correct.replace(`"${key}"`, `"${wrong}"`) });
    }
  });

  it('approves nothing on a small answer that unpacks to 20 megabytes', async () => {
    const body = gzipSync(Buffer.from(family.answer('"1000.00"').padEnd(20_000_000)));
    await expectMalformed(family, { body, headers: { 'content-encoding': 'gzip' } });
  });

  it.each([204, 205])('approves nothing on status %i', async (status) => {
    await expectMalformed(family, { body: '', status });
  });

  it.each([300, 304, 400, 404, 409, 418, 422, 451])('approves nothing on a balance with status %i', async (status) => {
    const { error, requests } = await failureThenApproval(family, { body: family.answer('"1000.00"'), status });
    expect(error).toMatchObject({ code: 'balance_unavailable', reason: 'provider_error', status: 503 });
    expect(error.message).toContain(`HTTP ${status}`);
    expect(requests).toBe(1);
  });

  it.each([
    ['a byte order mark', (correct: string) => `\ufeff${correct}`],
    ['blanks around it', (correct: string) => `\r\n\t ${correct} \n`],
    ['65,536 bytes', (correct: string) => correct.padEnd(65_536)],
    ['escaped characters', (correct: string) => correct.replaceAll('1000', '\\u0031000')],
    [
      'a hundred levels beside it',
      (_: string, { answer: of }: Family) => of('"1000.00"', `,"x":${nested(100, '[', ']')}`),
    ],
    ['a key given twice with the same value', (_: string, { answer: of }: Family) => of('"1000.00"', ',"x":1,"x":1')],
  ])('believes a correct answer with %s', async (_, bodyOf) => {
    answer = { body: bodyOf(family.answer('"1000.00"'), family), headers: { 'content-type': 'text/html' } };
    const { checkFunds } = guardOf(family.provider(server.url));
    expect((await checkFunds('1000')).sufficient).toBe(true);
    expect((await checkFunds('1001')).sufficient).toBe(false);
  });
});

describe('the last digit', () => {
  const inKes: [string, string][] = [
    ['"9007199254740993.55"', '9007199254740993.55'],
    ['9007199254740993.55', '9007199254740993.55'],
    ['"90071992547409930.07"', '90071992547409930.07'],
    ['90071992547409930.07', '90071992547409930.07'],
    ['92233720368547758.07', '92233720368547758.07'],
    ['0.30', '0.30'],
    ['"0.00"', '0.00'],
    ['0', '0.00'],
    ['1000', '1000.00'],
    ['1000.5', '1000.50'],
    ['1.0005E3', '1000.50'],
    ['1e5', '100000.00'],
    ['100050e-2', '1000.50'],
  ];
  const inUgx: [string, string][] = [
    ['1.5E7', '15000000'],
    ['1.0E7', '10000000'],
    ['1.2345678E7', '12345678'],
    ['9.007199254740993E15', '9007199254740993'],
    ['9.223372036854775807E18', '9223372036854775807'],
    ['250000.0', '250000'],
    ['250000.99', '250000'],
    ['0.99', '0'],
    ['1.0E-4', '0'],
    ['1e-99999999999999999999', '0'],
    ['"250000.99"', '250000'],
    ['"9223372036854775807"', '9223372036854775807'],
    ['9007199254740993', '9007199254740993'],
  ];
  const roundedDown: [string, string][] = [
    ['"1000.999"', '1000.99'],
    ['1000.999999999999999999999', '1000.99'],
    ['"007.5"', '7.50'],
  ];

  describe.each(families)('of $name', (family) => {
    const { name, currency } = family;
    it.each(currency === 'UGX' ? inUgx : name === 'httpProvider' ? [...inKes, ...roundedDown] : inKes)(
      'survives: %s is %s',
      async (json, available) => {
        answer = { body: family.answer(json) };
        expect((await guardOf(family.provider(server.url)).funds()).available).toBe(available);
      },
    );
  });
});
