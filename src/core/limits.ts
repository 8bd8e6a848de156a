// The limits of a wallet: as the user writes them, and with amounts in minor units.
import * as z from 'zod';
import type { Currency } from './currency.js';
import { isTimeZone } from './day-bounds.js';
import { digestOf } from './digest.js';
import { InvalidArgumentError } from './errors.js';
import { answerOf, thrownBy } from './functions.js';
import { type AmountInput, parseAmount } from './money.js';
import type { Problems } from './problems.js';
import { functionSchema } from './schemas.js';
import type { HoldStore } from './store.js';

/** The payout of a hold, as its caller described it. */
export interface LimitedPayout {
  readonly amount: AmountInput;
  readonly reference: string;
  readonly fingerprint?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** Limits for the payouts of a wallet, fee included, whatever the balance. Amounts are in major units. */
export interface LimitSettings {
  /**
   * The most that one payout may be.
   * @defaultValue none
   */
  perPayout?: AmountInput | undefined;
  /**
   * The most that one payee may get.
   * @defaultValue none
   */
  perPayee?:
    | {
        /** The most in a day. */
        perDay: AmountInput;
        /**
         * Returns the text that identifies the payee, 1 to 1,000 characters. Kept as a digest. A payout without one is
         * refused.
         * @defaultValue the `fingerprint` of the payout
         */
        key?: ((payout: LimitedPayout) => string | undefined) | undefined;
      }
    | undefined;
  /**
   * The most that the wallet may pay out in a day.
   * @defaultValue none
   */
  perDay?: AmountInput | undefined;
  /**
   * The IANA time zone of the day, such as `'Africa/Nairobi'`.
   * @defaultValue none: required with a limit per day
   */
  timeZone?: string | undefined;
  /**
   * Counts from the moment when the memory of the store began, even if that is in the course of the day: each restart
   * of a memory store allows the limit once more. For tests.
   * @defaultValue false: daily limits refuse until the next day, or `acceptLimits`
   */
  countSinceStart?: boolean | undefined;
}

/** {@link LimitSettings} with amounts in minor units. */
export interface Limits {
  readonly perPayoutMinor: bigint | undefined;
  readonly daily: DailyLimits | undefined;
}

export interface DailyLimits {
  readonly perDayMinor: bigint | undefined;
  readonly perPayeeMinor: bigint | undefined;
  readonly payeeKey: ((payout: LimitedPayout) => string | undefined) | undefined;
  readonly timeZone: string;
  readonly countSinceStart: boolean;
}

const anAmount = z.custom<AmountInput>((value) => value !== undefined, 'must be an amount');

export const limitsSchema: z.ZodType<LimitSettings> = z
  .strictObject({
    perPayout: anAmount.optional(),
    perPayee: z
      .strictObject({
        perDay: anAmount,
        key: functionSchema<(payout: LimitedPayout) => string | undefined>().optional(),
      })
      .optional(),
    perDay: anAmount.optional(),
    timeZone: z.custom<string>(isTimeZone, 'must be an IANA name such as "Africa/Nairobi"').optional(),
    countSinceStart: z.boolean().optional(),
  })
  .refine(({ perPayout, perPayee, perDay }) => perPayout !== undefined || perPayee || perDay !== undefined, {
    error: 'name at least one of perPayout, perPayee and perDay',
  })
  .refine(({ perPayee, perDay, timeZone }) => timeZone !== undefined || (!perPayee && perDay === undefined), {
    error: 'timeZone is required with a limit per day, such as "Africa/Nairobi"',
  });

/** The limits in minor units, or undefined when a problem was noted. */
export function resolveLimits(given: LimitSettings, currency: Currency, problems: Problems): Limits | undefined {
  const inMinor = (name: string, input: AmountInput | undefined) =>
    input === undefined ? undefined : problems.try(name, () => parseAmount(input, currency));
  const perPayoutMinor = inMinor('limits.perPayout', given.perPayout);
  const perPayeeMinor = inMinor('limits.perPayee.perDay', given.perPayee?.perDay);
  const perDayMinor = inMinor('limits.perDay', given.perDay);
  const { timeZone, countSinceStart = false } = given;
  if (timeZone === undefined || (perPayeeMinor === undefined && perDayMinor === undefined)) {
    return { perPayoutMinor, daily: undefined };
  }
  const payeeKey = given.perPayee?.key;
  return { perPayoutMinor, daily: { perDayMinor, perPayeeMinor, payeeKey, timeZone, countSinceStart } };
}

/** The reason for which a store cannot keep these limits; undefined if it can. */
export function problemWith(limits: Limits | undefined, store: HoldStore): string | undefined {
  if (!limits?.daily) return undefined;
  if (store.limits === undefined || !store.acceptLimits) {
    return `limits: the ${store.name} store counts no daily limits; use sqliteStore, redisStore or postgresStore`;
  }
  if (store.limits === 'durable' || limits.daily.countSinceStart) return undefined;
  return (
    `limits: the ${store.name} store forgets at a restart what was paid on the day, so a limit per day could be ` +
    'spent twice; use sqliteStore, redisStore or postgresStore, or set limits.countSinceStart to accept it in a test'
  );
}

/**
 * The digest of the payee; undefined without a limit per payee.
 *
 * @throws `InvalidArgumentError` the payout names no payee. `ConfigurationError` the function is not one that returns a
 *   text.
 */
export function payeeOf({ perPayeeMinor, payeeKey }: DailyLimits, payout: LimitedPayout): string | undefined {
  if (perPayeeMinor === undefined) return undefined;
  const key = payeeKey ? askFor(payeeKey, payout) : payout.fingerprint;
  if (key === undefined) {
    const rule = 'must be given, because the wallet limits what one payee may get';
    throw new InvalidArgumentError(payeeKey ? 'limits.perPayee.key' : 'fingerprint', rule);
  }
  return digestOf(key);
}

function askFor(payeeKey: NonNullable<DailyLimits['payeeKey']>, payout: LimitedPayout): string | undefined {
  const { amount, reference, fingerprint, metadata } = payout;
  let key: unknown;
  try {
    key = payeeKey({ amount, reference, fingerprint, metadata });
  } catch (error) {
    throw thrownBy('limits.perPayee.key', error);
  }
  return answerOf('limits.perPayee.key', 'a text of 1 to 1,000 characters', isKey, key);
}

function isKey(key: unknown): key is string | undefined {
  return key === undefined || (typeof key === 'string' && /^.{1,1000}$/su.test(key));
}
