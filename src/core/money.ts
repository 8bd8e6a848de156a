// Exact money: decimal text in, integer minor units (bigint) inside, decimal text out. No float ever touches an amount.
// The only file that knows decimal.js.
import { Decimal } from 'decimal.js';
import { type Currency, type CurrencyInput, resolveCurrency } from './currency.js';
import { InvalidAmountError } from './errors.js';

/**
 * An amount in major units: decimal text (`'1500.00'`), a decimal.js `Decimal` (of any copy of that package), or a
 * finite number whose shortest text fits the currency (`1500.5` does, `0.1 + 0.2` does not).
 */
export type AmountInput = string | number | Decimal;

/** The largest amount in minor units: what a signed 64-bit integer holds, so that every store can keep it. */
export const maxMinorUnits: bigint = 2n ** 63n - 1n;

/** Digits, and perhaps a point and more digits. No sign, exponent, separator, space or digit of another script. */
const plainDecimal = /^[0-9]+(\.[0-9]+)?$/;

/** Longest amount text that is looked at. 19 digits fit 64 bits; the rest is room for zeros. */
const maxTextLength = 64;

/** IEEE 754 doubles carry every decimal of 15 significant digits faithfully; longer ones may already be rounded. */
const exactSignificantDigits = 15;

/**
 * Reads the amount of a payout into minor units.
 *
 * @throws {@link InvalidAmountError} for anything but a positive plain decimal that the currency can express exactly.
 */
export function parseAmount(input: AmountInput, currency: Currency): bigint {
  const minor = parseNonNegative(input, currency);
  if (minor === 0n) throw new InvalidAmountError('it is zero; a payout needs a positive amount');
  return minor;
}

/** As {@link parseAmount}, but zero is allowed: for fees and floors. */
export function parseNonNegative(input: AmountInput, currency: Currency): bigint {
  const minor = plainTextToMinor(amountText(input), currency.exponent);
  if (typeof minor === 'bigint') return minor;
  throw new InvalidAmountError(sentences[minor](currency));
}

/**
 * Reads a balance a provider sent as decimal text; it may be negative. Decimals the currency does not have are rounded
 * down: money that cannot be paid out does not count. Returns undefined for anything that is not a plain decimal of at
 * most 64 characters, or is too large: not a balance.
 */
export function parseBalance(text: unknown, currency: Currency): bigint | undefined {
  if (typeof text !== 'string' || text.length > maxTextLength) return undefined;
  const isNegative = text.startsWith('-');
  const digits = isNegative ? text.slice(1) : text;
  if (!plainDecimal.test(digits)) return undefined;
  const [whole = '', decimals = ''] = digits.split('.');
  const minor = BigInt(whole + decimals.slice(0, currency.exponent).padEnd(currency.exponent, '0'));
  if (minor > maxMinorUnits) return undefined;
  if (!isNegative) return minor;
  const hasMore = /[1-9]/.test(decimals.slice(currency.exponent));
  return -(hasMore ? minor + 1n : minor);
}

/**
 * Writes the text of a JSON number (`12000.5`, `1.0E7`) as plain decimal text, exactly. Text that would be longer than
 * an amount may be is given back as it is: readers of amounts refuse it.
 */
export function plainDecimalText(jsonNumber: string): string {
  if (!/[eE]/.test(jsonNumber)) return jsonNumber;
  const value = new Decimal(jsonNumber);
  return value.isFinite() && Math.abs(value.e) < maxTextLength && value.decimalPlaces() < maxTextLength
    ? value.toFixed()
    : jsonNumber;
}

/** The name of the sum of an amount and its fee, for errors. */
export const amountWithFee = 'the amount with its fee';

/**
 * @param name - The name of the sum, for the error.
 * @throws {@link InvalidAmountError} when the sum is beyond 64 bits, which no store could keep.
 */
export function addMinorUnits(first: bigint, second: bigint, name: string): bigint {
  const sum = first + second;
  if (sum > maxMinorUnits) throw new InvalidAmountError(`${name} is ${tooLarge}`);
  return sum;
}

/** Minor units as decimal text in major units: `formatMinorUnits(150050n, KES)` is `'1500.50'`. */
export function formatMinorUnits(minor: bigint, currency: Currency): string {
  if (currency.exponent === 0) return minor.toString();
  const digits = (minor < 0n ? -minor : minor).toString().padStart(currency.exponent + 1, '0');
  const point = digits.length - currency.exponent;
  return `${minor < 0n ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/**
 * Turns integer minor units into an amount this library accepts: `fromMinorUnits(150050n, 'KES')` is `'1500.50'`.
 * Exists because a bare bigint may count shillings or cents.
 *
 * @throws {@link InvalidAmountError} when `minor` is no bigint, negative, or beyond 64 bits.
 */
export function fromMinorUnits(minor: bigint, currency: CurrencyInput): string {
  if (typeof minor !== 'bigint') throw new InvalidAmountError('fromMinorUnits takes a bigint');
  if (minor < 0n) throw new InvalidAmountError(sentences.negative());
  if (minor > maxMinorUnits) throw new InvalidAmountError(sentences.tooLarge());
  return formatMinorUnits(minor, resolveCurrency(currency));
}

/**
 * Reads decimal text that {@link formatMinorUnits} returned, which has all decimals of its currency, back into minor
 * units.
 */
export function minorUnits(text: string): bigint {
  return BigInt(text.replace('.', ''));
}

type Problem = keyof typeof sentences;

const tooLarge = 'larger than a signed 64-bit integer of minor units';

const sentences = {
  negative: () => 'it is negative',
  tooLarge: () => `it is ${tooLarge}`,
  tooPrecise: (currency: Currency) =>
    `it has more decimals than ${currency.code}, which has ${currency.exponent}; round it to what will really be paid`,
  notPlain: () => 'it is not plain decimal text such as "1500.00" (no exponent, separators, signs or spaces)',
};

function amountText(input: unknown): string {
  if (typeof input === 'string') return input;
  if (typeof input === 'number') return numberText(input);
  if (typeof input === 'bigint') {
    throw new InvalidAmountError('a bigint does not say whether it counts major or minor units; use fromMinorUnits');
  }
  if (isDecimal(input)) return decimalText(input);
  throw new InvalidAmountError('pass decimal text, a Decimal or a number');
}

function numberText(input: number): string {
  if (!Number.isFinite(input)) throw new InvalidAmountError('it is not a finite number');
  const text = String(input);
  const significant = text.replace(/^-?0?\.?0*/, '').replace('.', '').length;
  if (!Number.isSafeInteger(input) && significant > exactSignificantDigits) {
    throw new InvalidAmountError('the number has more digits than a float keeps exactly; pass decimal text');
  }
  return text;
}

/** Returns true if a value is of a type that an amount may have. */
export function isAmountInput(value: unknown): value is AmountInput {
  return typeof value === 'string' || typeof value === 'number' || isDecimal(value);
}

// A JSON body can forge every property of a Decimal but a method, so the method is what is asked for.
function isDecimal(input: unknown): input is Decimal {
  return Decimal.isDecimal(input) && typeof input.toFixed === 'function' && typeof input.isFinite === 'function';
}

function decimalText(input: Decimal): string {
  if (!input.isFinite()) throw new InvalidAmountError('it is not a finite number');
  if (Math.abs(input.e) >= maxTextLength)
    throw new InvalidAmountError(sentences[input.e < 0 ? 'notPlain' : 'tooLarge']());
  return input.toFixed();
}

/** Plain decimal text to minor units, exactly, or what is wrong with it. */
function plainTextToMinor(text: string, exponent: number): bigint | Problem {
  if (!plainDecimal.test(text)) return /^-\d+(\.\d+)?$/.test(text) ? 'negative' : 'notPlain';
  if (text.length > maxTextLength) return 'tooLarge';
  const point = text.indexOf('.');
  const whole = point === -1 ? text : text.slice(0, point);
  const decimals = point === -1 ? '' : text.slice(point + 1);
  const fraction = decimals.length > exponent ? decimals.replace(/0+$/, '') : decimals;
  if (fraction.length > exponent) return 'tooPrecise';
  const minor = BigInt(whole + fraction.padEnd(exponent, '0'));
  return minor > maxMinorUnits ? 'tooLarge' : minor;
}
