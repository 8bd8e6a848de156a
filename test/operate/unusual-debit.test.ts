// Debits that an operator has to confirm a second time.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { resolveCurrency } from '../../src/core/currency.js';
import { formatMinorUnits } from '../../src/core/money.js';
import { groupDigits, unusualDebit } from '../../src/operate/index.js';

const kes = resolveCurrency('KES');
const ugx = resolveCurrency('UGX');

describe('a debit', () => {
  it.each([
    ['100.00', undefined],
    ['100.00', '100.00'],
    ['100.00', '110.00'],
    ['100.00', '90.00'],
    ['100.00', '101.5'],
    ['0.01', '0.01'],
  ])('for a hold of %s is usual: %s', (held, debit) => {
    expect(unusualDebit(held, debit, kes)).toBeUndefined();
  });

  it.each([
    ['100.00', '110.01', '110 % of the held amount'],
    ['100.00', '89.99', '90 % of the held amount'],
    ['100.00', '112.55', '112.6 % of the held amount'],
    ['100.00', '199.99', '200 % of the held amount'],
    ['100.00', '200.00', '2 times the held amount'],
    ['100.00', '250.00', '2.5 times the held amount'],
    ['100.00', '15000', '150 times the held amount'],
    ['1.00', '1234567.00', '1\u00a0234\u00a0567 times the held amount'],
    ['100.00', '10', '10 % of the held amount'],
    ['100.00', '0.05', '0.1 % of the held amount'],
    ['100.00', '0.04', 'less than 0.1 % of the held amount'],
    ['0.01', '0.02', '2 times the held amount'],
  ])('for a hold of %s is unusual: %s, %s', (held, debit, comparison) => {
    expect(unusualDebit(held, debit, kes)).toEqual({
      debit: formatMinorUnits(BigInt(Math.round(Number(debit) * 100)), kes),
      held,
      currency: 'KES',
      comparison,
    });
  });

  it('is compared exactly, with the decimals of its currency', () => {
    expect(unusualDebit('9007199254740993', '9907919180215092', ugx)).toBeUndefined();
    expect(unusualDebit('9007199254740993', '9907919180215093', ugx)).toMatchObject({ debit: '9907919180215093' });
  });

  it.each(['0', '-5', '1,000', '1.005', ''])('that is no amount is refused: %j', (debit) => {
    expect(() => unusualDebit('100.00', debit, kes)).toThrow(expect.objectContaining({ code: 'invalid_amount' }));
  });

  it('is usual exactly within a tenth of the hold', () => {
    const minor = fc.bigInt({ min: 1n, max: 2n ** 53n });
    fc.assert(
      fc.property(minor, minor, (held, debit) => {
        const found = unusualDebit(formatMinorUnits(held, kes), formatMinorUnits(debit, kes), kes);
        expect(found === undefined).toBe(9n * held <= 10n * debit && 10n * debit <= 11n * held);
      }),
    );
  });
});

it('digits are grouped from the point, and decimals are not', () => {
  const texts = ['0', '999', '1000', '1234567.8901', '-1500.00', '12'].map((text) => groupDigits(text, ' '));
  expect(texts).toEqual(['0', '999', '1 000', '1 234 567.8901', '-1 500.00', '12']);
});
