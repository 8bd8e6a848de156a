import { describe, expect, it } from '@jest/globals';
import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import { fromMinorUnits, InvalidAmountError } from 'payout-guard';
import { alphabeticCode, resolveCurrency } from '../../src/core/currency.js';
import {
  formatMinorUnits,
  maxMinorUnits,
  parseAmount,
  parseBalance,
  parseNonNegative,
  plainDecimalText,
} from '../../src/core/money.js';

const kes = resolveCurrency('KES');
const ugx = resolveCurrency('UGX');
const iqd = resolveCurrency('IQD');

describe('the amount of a payout', () => {
  it.each([
    ['1500.00', kes, 150000n],
    ['1500', kes, 150000n],
    ['1500.5', kes, 150050n],
    ['0.01', kes, 1n],
    ['007', kes, 700n],
    ['1500.5000', kes, 150050n],
    ['1500000.00', ugx, 1500000n],
    ['1', ugx, 1n],
    ['1.234', iqd, 1234n],
    ['90071992547409.93', kes, 9007199254740993n],
    ['92233720368547758.07', kes, maxMinorUnits],
    ['9223372036854775807', ugx, maxMinorUnits],
    [1500.5, kes, 150050n],
    [1500, kes, 150000n],
    [0.07, kes, 7n],
    [9007199254740991, ugx, 9007199254740991n],
    [new Decimal('1500.50'), kes, 150050n],
    [new Decimal('1e3'), kes, 100000n],
    [new (Decimal.clone({ precision: 5 }))('123456789.01'), kes, 12345678901n],
  ])('%p is read exactly', (input, currency, minor) => {
    expect(parseAmount(input, currency)).toBe(minor);
  });

  const refused: [unknown, RegExp][] = [
    ['0', /zero/],
    ['0.00', /zero/],
    [0, /zero/],
    [-0, /zero/],
    ['-0', /negative/],
    ['-1', /negative/],
    ['-1500.00', /negative/],
    [-5, /negative/],
    [new Decimal(-5), /negative/],
    ['1500.001', /more decimals than KES, which has 2/],
    ['0.009', /more decimals/],
    [0.1 + 0.2, /more digits than a float keeps/],
    [1.005, /more decimals/],
    [new Decimal('0.001'), /more decimals/],
    ['92233720368547758.08', /64-bit/],
    ['99999999999999999999', /64-bit/],
    ['9'.repeat(65), /64-bit/],
    ['9'.repeat(100_000), /64-bit/],
    [new Decimal('1e400'), /64-bit/],
    [new Decimal('1e-400'), /plain decimal/],
    [1e21, /plain decimal/],
    [1e-7, /plain decimal/],
    [9007199254740992, /more digits/],
    [Number('90071992547409.93'), /more digits/],
    [Number.MAX_VALUE, /more digits|plain/],
    [Number.NaN, /finite/],
    [Number.POSITIVE_INFINITY, /finite/],
    [Number.NEGATIVE_INFINITY, /finite/],
    [new Decimal(Number.NaN), /finite/],
    [new Decimal(Number.POSITIVE_INFINITY), /finite/],
    ['', /plain decimal/],
    [' ', /plain decimal/],
    [' 1500', /plain decimal/],
    ['1500 ', /plain decimal/],
    ['1500\n', /plain decimal/],
    ['1 500', /plain decimal/],
    ['1\u00a0500', /plain decimal/],
    ['1,500.00', /plain decimal/],
    ['1.500,00', /plain decimal/],
    ['1500,00', /plain decimal/],
    ["1'500", /plain decimal/],
    ['1_500', /plain decimal/],
    ['1e3', /plain decimal/],
    ['1E3', /plain decimal/],
    ['1.5e2', /plain decimal/],
    ['0x10', /plain decimal/],
    ['0b11', /plain decimal/],
    ['0o17', /plain decimal/],
    ['+1500', /plain decimal/],
    ['--1500', /plain decimal/],
    ['1500.', /plain decimal/],
    ['.5', /plain decimal/],
    ['.', /plain decimal/],
    ['1.2.3', /plain decimal/],
    ['KES 1500', /plain decimal/],
    ['1500KES', /plain decimal/],
    ['NaN', /plain decimal/],
    ['Infinity', /plain decimal/],
    ['null', /plain decimal/],
    ['١٥٠٠', /plain decimal/],
    ['１５００', /plain decimal/],
    ['१५००', /plain decimal/],
    ['1500\u200b', /plain decimal/],
    ['\u202e1500', /plain decimal/],
    ['1500\u0000', /plain decimal/],
    ['1500;DROP TABLE', /plain decimal/],
    ['__proto__', /plain decimal/],
    [1500n, /fromMinorUnits/],
    [null, /decimal text/],
    [undefined, /decimal text/],
    [true, /decimal text/],
    [[], /decimal text/],
    [['1500'], /decimal text/],
    [{}, /decimal text/],
    [{ toString: () => '1500' }, /decimal text/],
    [{ valueOf: () => 1500 }, /decimal text/],
    [new Date(1500), /decimal text/],
    [new String('1500'), /decimal text/],
    [new Number(1500), /decimal text/],
    [Symbol('1500'), /decimal text/],
    [() => '1500', /decimal text/],
    [JSON.parse('{"toStringTag":"[object Decimal]","s":1,"e":3,"d":[1500]}'), /decimal text/],
    [JSON.parse('{"__proto__":{"toStringTag":"[object Decimal]"}}'), /decimal text/],
  ];

  it('has a table of at least 60 refused inputs', () => {
    expect(refused.length).toBeGreaterThanOrEqual(60);
  });

  it.each(refused)('%p is refused with its reason', (input, reason) => {
    const act = () => parseAmount(input as string, kes);
    expect(act).toThrow(InvalidAmountError);
    expect(act).toThrow(reason);
  });

  it('may be zero when it is a fee or a floor, but not negative', () => {
    expect(parseNonNegative('0.00', kes)).toBe(0n);
    expect(() => parseNonNegative('-0.01', kes)).toThrow(InvalidAmountError);
  });

  it('converts to text and back unchanged, for every amount and currency', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, maxMinorUnits), fc.constantFrom(kes, ugx, iqd), (minor, currency) => {
        expect(parseAmount(formatMinorUnits(minor, currency), currency)).toBe(minor);
      }),
    );
  });

  it('is parsed as decimal.js parses the same text', () => {
    const text = fc.stringMatching(/^[0-9]{1,12}(\.[0-9]{1,4})?$/);
    fc.assert(
      fc.property(text, (input) => {
        const exact = new Decimal(input).times(100);
        if (exact.isInteger() && !exact.isZero()) expect(parseAmount(input, kes)).toBe(BigInt(exact.toFixed()));
        else expect(() => parseAmount(input, kes)).toThrow(InvalidAmountError);
      }),
    );
  });
});

describe('the balance of a provider', () => {
  it.each([
    ['12000.00', kes, 1200000n],
    ['0', kes, 0n],
    ['0.009', kes, 0n],
    ['99.999', kes, 9999n],
    ['150000.50', ugx, 150000n],
    ['9007199254740993.55', kes, 900719925474099355n],
    ['90071992547409930.7', kes, 9007199254740993070n],
    ['-0', kes, 0n],
    ['-12.50', kes, -1250n],
    ['-12.509', kes, -1251n],
    ['-12.500', kes, -1250n],
    ['-0.5', ugx, -1n],
    ['-92233720368547758.07', kes, -(2n ** 63n - 1n)],
  ])('%p is read to the last digit, rounded down to the currency', (text, currency, minor) => {
    expect(parseBalance(text, currency)).toBe(minor);
  });

  it.each([
    '-',
    '--1',
    '- 1',
    '-.5',
    '-1e5',
    '+1',
    '1e5',
    '12,000.00',
    '',
    ' 1',
    '1 ',
    'NaN',
    '.5',
    '5.',
    '١٢',
    '9'.repeat(65),
    '92233720368547758.08',
    '-92233720368547758.08',
  ])('%p is not a balance', (text) => {
    expect(parseBalance(text, kes)).toBeUndefined();
  });

  it.each([[12000], [null], [undefined], [{}], [12n]])('%p is not a balance', (value) => {
    expect(parseBalance(value, kes)).toBeUndefined();
  });
});

describe('the text of a JSON number', () => {
  it.each([
    ['1200.50', '1200.50'],
    ['1.0E7', '10000000'],
    ['1.05e7', '10500000'],
    ['1e-2', '0.01'],
    ['9007199254740993.55', '9007199254740993.55'],
    ['1e400', '1e400'],
    ['1e-400', '1e-400'],
    ['1e99999999999999999999', '1e99999999999999999999'],
  ])('%s becomes %s', (text, plain) => {
    expect(plainDecimalText(text)).toBe(plain);
  });
});

describe('fromMinorUnits', () => {
  it('converts a bigint with the decimals of its currency', () => {
    expect(fromMinorUnits(150050n, 'KES')).toBe('1500.50');
    expect(fromMinorUnits(5n, 'KES')).toBe('0.05');
    expect(fromMinorUnits(1500n, 'UGX')).toBe('1500');
    expect(fromMinorUnits(1n, { code: 'USDC', exponent: 6 })).toBe('0.000001');
  });

  it('refuses amounts beyond 64 bits', () => {
    expect(() => fromMinorUnits(-1n, 'KES')).toThrow(InvalidAmountError);
    expect(() => fromMinorUnits(maxMinorUnits + 1n, 'KES')).toThrow(InvalidAmountError);
    expect(() => fromMinorUnits(1500 as unknown as bigint, 'KES')).toThrow(InvalidAmountError);
  });
});

describe('currencies', () => {
  it.each([
    ['KES', 2],
    ['UGX', 0],
    ['JPY', 0],
    ['BHD', 3],
    ['IQD', 3],
    ['CLF', 4],
    ['IRR', 2],
  ])('%s has the %i decimals that ISO 4217 gives it', (code, exponent) => {
    expect(resolveCurrency(code)).toEqual({ code, exponent });
  });

  it('can be given with their decimals when the list lacks them', () => {
    expect(resolveCurrency({ code: 'USDC', exponent: 6 })).toEqual({ code: 'USDC', exponent: 6 });
  });

  it.each(['kes', 'KE', 'ABC', '', '__proto__', 'constructor'])('%p is refused', (code) => {
    expect(() => resolveCurrency(code)).toThrow(/ISO 4217/);
  });

  it('have numeric codes too', () => {
    expect(alphabeticCode('800')).toBe('UGX');
    expect(alphabeticCode('404')).toBe('KES');
    expect(alphabeticCode('UGX')).toBe('UGX');
  });
});
