// The wallets of a monitor, with their amounts in minor units.
import * as z from 'zod';
import type { Currency } from '../core/currency.js';
import type { WalletInfo } from '../core/internals.js';
import { type AmountInput, parseAmount, parseNonNegative } from '../core/money.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import type { Problems } from '../core/problems.js';
import type { Threshold } from './level-rules.js';

/** A wallet to watch. All amounts are in its currency, in major units. */
export interface MonitoredWallet {
  /**
   * Key of the wallet. A guard that finds its wallets by an async function must have read it before, with `funds()` for
   * instance.
   * @defaultValue the only wallet of the guard
   */
  wallet?: string | undefined;
  /** 1 to 20 amounts, descending. Raises an alert each time that less than one of them is spendable. */
  thresholds: readonly AmountInput[];
  /**
   * Amount above a threshold that must be spendable before the wallet counts as recovered. A balance that fluctuates
   * within it raises one alert.
   * @defaultValue 5 % of each threshold, rounded up
   */
  hysteresis?: AmountInput | undefined;
  /**
   * Raises an alert when the money lasts for less than this at the rate of the captures, in milliseconds; 60,000 to
   * 2,592,000,000.
   * @defaultValue never
   */
  runwayBelowMs?: number | undefined;
  /**
   * Raises an alert when less than this percentage of the balance of 24 hours before is available; a whole number from
   * 1 to 99.
   * @defaultValue never
   */
  belowPercentOfYesterday?: number | undefined;
  /**
   * Raises an alert when a figure that `funds().details` shows, such as `ledgerBalance`, is below an amount. Each name
   * has 1 to 64 visible characters. They recover at 5 % above.
   * @defaultValue none
   */
  figures?: Readonly<Record<string, AmountInput>> | undefined;
  /**
   * The currency of the amounts, as a check. A currency other than the wallet's is refused.
   * @defaultValue the currency of the wallet
   */
  currency?: string | undefined;
  /**
   * Freezes the wallet as soon as more than this was certainly debited without explanation. Needs the option `drift`.
   * @defaultValue never
   */
  freezeAbove?: AmountInput | undefined;
}

/** {@link MonitoredWallet} with its thresholds in minor units of its currency. */
export interface ResolvedWallet {
  readonly wallet: string;
  readonly currency: Currency;
  readonly thresholds: readonly Threshold[];
  /** Thresholds of displayed figures, by their names. */
  readonly figures: readonly (readonly [name: string, threshold: Threshold])[];
  readonly runwayBelowMs: number | undefined;
  readonly belowPercentOfYesterday: number | undefined;
  readonly freezeAbove: AmountInput | undefined;
}

/** 30 days. */
const longestMs = 2_592_000_000;
const anAmount = z.custom<AmountInput>((value) => value !== undefined);

const walletsSchema: z.ZodType<{ wallets: readonly MonitoredWallet[] }> = z.object({
  wallets: z
    .array(
      z.strictObject({
        wallet: z.string().optional(),
        thresholds: z.array(anAmount).min(1).max(20).readonly(),
        hysteresis: anAmount.optional(),
        runwayBelowMs: z.int().min(60_000).max(longestMs).optional(),
        belowPercentOfYesterday: z.int().min(1).max(99).optional(),
        figures: z.record(z.string().regex(/^[!-~]{1,64}$/), anAmount).optional(),
        currency: z.string().optional(),
        freezeAbove: anAmount.optional(),
      }),
    )
    .min(1)
    .max(1_000)
    .readonly(),
});

/** Reads the wallets of a monitor; those with problems are left out. */
export function readWallets(guard: PayoutGuard, input: unknown, problems: Problems): ResolvedWallet[] {
  const given = problems.read(walletsSchema, { wallets: input })?.wallets ?? [];
  const keys = new Set<string>();
  return given.flatMap((one, index) => {
    const at = `wallets.${index}`;
    const info = problems.try(`${at}.wallet`, () => guard.internals.wallet(one.wallet));
    return info ? [readWallet(one, info, at, keys, problems)] : [];
  });
}

function readWallet(
  one: MonitoredWallet,
  { key: wallet, currency }: WalletInfo,
  at: string,
  keys: Set<string>,
  problems: Problems,
): ResolvedWallet {
  if (keys.has(wallet)) problems.add(`${at}.wallet: is there twice`);
  keys.add(wallet);
  if (one.currency !== undefined && one.currency !== currency.code) {
    problems.add(`${at}.currency: must be ${currency.code}, the currency of wallet ${wallet}`);
  }
  const { freezeAbove } = one;
  if (freezeAbove !== undefined) problems.try(`${at}.freezeAbove`, () => parseAmount(freezeAbove, currency));
  const { runwayBelowMs, belowPercentOfYesterday } = one;
  const thresholds = readThresholds(one, currency, at, problems);
  const figures = readFigures(one, currency, at, problems);
  return { wallet, currency, thresholds, figures, runwayBelowMs, belowPercentOfYesterday, freezeAbove };
}

function readThresholds(one: MonitoredWallet, currency: Currency, at: string, problems: Problems): Threshold[] {
  const { hysteresis } = one;
  const amounts = one.thresholds.map((input, index) =>
    problems.try(`${at}.thresholds.${index}`, () => parseNonNegative(input, currency)),
  );
  const fixedMinor =
    hysteresis === undefined
      ? undefined
      : problems.try(`${at}.hysteresis`, () => parseNonNegative(hysteresis, currency));
  const known = amounts.filter((minor) => minor !== undefined);
  if (known.some((minor, index) => index > 0 && minor >= (known[index - 1] as bigint))) {
    problems.add(`${at}.thresholds: must be descending, each once`);
  }
  return known.map((thresholdMinor) => ({
    thresholdMinor,
    hysteresisMinor: fixedMinor ?? twentieth(thresholdMinor),
  }));
}

function readFigures(
  { figures = {} }: MonitoredWallet,
  currency: Currency,
  at: string,
  problems: Problems,
): ResolvedWallet['figures'] {
  return Object.entries(figures).flatMap(([name, input]) => {
    const thresholdMinor = problems.try(`${at}.figures.${name}`, () => parseNonNegative(input, currency));
    if (thresholdMinor === undefined) return [];
    return [[name, { thresholdMinor, hysteresisMinor: twentieth(thresholdMinor) }] as const];
  });
}

/** Returns 5 %, rounded up. */
function twentieth(minor: bigint): bigint {
  return (minor + 19n) / 20n;
}
