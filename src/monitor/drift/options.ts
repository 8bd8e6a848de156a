// The options of a drift watch.
import { z } from 'zod';
import type { PayoutGuard } from '../../core/guard.js';
import { type AmountInput, parseAmount } from '../../core/money.js';
import { Problems } from '../../core/problems.js';
import { aFunction } from '../../core/schemas.js';
import type { History } from '../history/entry.js';
import type { DriftEvent } from './drift-event.js';

export interface DriftOptions {
  /**
   * Key of the wallet.
   * @defaultValue the `wallet` of the guard
   */
  wallet?: string | undefined;
  /** Told of each movement once. What it throws is shown as a process warning. */
  onDrift: (event: DriftEvent) => void;
  /**
   * Freezes the wallet as soon as more than this was certainly debited without explanation, even if it is not known yet how much. In
   * major units.
   * @defaultValue never
   */
  freezeAbove?: AmountInput | undefined;
  /**
   * How far from its time a credit may appear in the balance, before or after, in milliseconds; also how long money that came in
   * unexplained waits for the application to report it. 0 to 86,400,000.
   * @defaultValue 60,000
   */
  creditToleranceMs?: number | undefined;
  /**
   * Whether no payout ever debits more than was held for it. Snapshots then count while payouts are under way, so that a large drain
   * is noticed although one is stuck. Where it is not true, leave it out: a payout that cost more would be taken for somebody else's.
   * @defaultValue false
   */
  debitsWithinHolds?: boolean | undefined;
  /** Where drift and credits are noted, and {@link DriftWatch.report} reads from. */
  history?: History | undefined;
}

/** {@link DriftOptions} with defaults and in minor units. */
export interface ResolvedDriftOptions {
  readonly wallet: string;
  readonly onDrift: (event: DriftEvent) => void;
  readonly freezeAboveMinor: bigint | undefined;
  readonly creditToleranceMs: number;
  readonly debitsWithinHolds: boolean;
  readonly history: History | undefined;
}

const defaultToleranceMs = 60_000;

const optionsSchema: z.ZodType<DriftOptions> = z.strictObject({
  wallet: z.string().optional(),
  onDrift: aFunction<DriftOptions['onDrift']>(),
  freezeAbove: z.custom<AmountInput>((value) => value !== undefined).optional(),
  creditToleranceMs: z.int().min(0).max(86_400_000).optional(),
  debitsWithinHolds: z.boolean().optional(),
  history: z
    .custom<History>((value) => typeof (value as History | null)?.query === 'function', 'must be a history')
    .optional(),
});

/** @throws `ConfigurationError` naming every problem. */
export function resolveDriftOptions(guard: PayoutGuard, given: DriftOptions): ResolvedDriftOptions {
  const problems = new Problems();
  const options = problems.read(optionsSchema, given);
  if (!options) throw problems.error();
  const { freezeAbove, creditToleranceMs = defaultToleranceMs, debitsWithinHolds = false, onDrift, history } = options;
  const wallet = problems.try('wallet', () => guard.walletKey(options.wallet));
  const freezeAboveMinor =
    freezeAbove === undefined ? undefined : problems.try('freezeAbove', () => parseAmount(freezeAbove, guard.currency));
  if (guard.mode === 'observe') problems.add("guard: in mode 'observe' its store does not know all payouts");
  if (wallet === undefined || problems.any) throw problems.error();
  return { wallet, onDrift, freezeAboveMinor, creditToleranceMs, debitsWithinHolds, history };
}
