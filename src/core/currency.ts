// The number of decimals of a currency. The figures are those of ISO 4217; Intl follows CLDR, which gives IQD, IRR, LBP
// and others no decimals where ISO gives two or three.
import { currencies } from './currencies.generated.js';
import { ConfigurationError } from './errors.js';

/** A currency as the guard needs it. */
export interface Currency {
  /** ISO 4217 alphabetic code, such as `KES`. */
  readonly code: string;
  /** Decimals of the major unit: 2 for KES, 0 for UGX, 3 for IQD. */
  readonly exponent: number;
}

/**
 * The notation of a currency: an ISO 4217 code, or a code with its number of decimals for one that the list
 * does not have (yet).
 */
export type CurrencyInput = string | Currency;

const byCode = new Map<string, Currency>();
const byNumber = new Map<string, string>();
for (const currency of currencies) {
  const [code = '', number = '', decimals] = currency.split(' ');
  byCode.set(code, { code, exponent: Number(decimals) });
  byNumber.set(number, code);
}

/**
 * @throws {@link ConfigurationError} when the code is not in ISO 4217 or the exponent is not a whole number of 0 to 8.
 */
export function resolveCurrency(input: CurrencyInput): Currency {
  if (typeof input === 'string') {
    const known = byCode.get(input);
    if (known) return known;
    throw new ConfigurationError([
      `currency: ${JSON.stringify(input.slice(0, 16))} is not an ISO 4217 code in capitals; pass { code, exponent ` +
        '} for another currency',
    ]);
  }
  const { code, exponent } = input;
  if (!/^[A-Z][A-Z0-9]{2,9}$/.test(code) || !Number.isInteger(exponent) || exponent < 0 || exponent > 8) {
    throw new ConfigurationError([
      'currency: code must be 3 to 10 capitals or digits, exponent a whole number of 0 to 8',
    ]);
  }
  return { code, exponent };
}

/** The decimals of a currency by its alphabetic code; undefined if ISO 4217 does not have it. */
export function decimalsOf(code: string): number | undefined {
  return byCode.get(code)?.exponent;
}

/** The alphabetic code for a numeric one (`800` is UGX); any other text as it is. Source: ISO 4217. */
export function alphabeticCode(code: string): string {
  return byNumber.get(code) ?? code;
}
