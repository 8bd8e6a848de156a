// The options of a drift watch.
import * as z from 'zod';
import type { WalletInfo } from '../core/internals.js';
import { type AmountInput, parseAmount } from '../core/money.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import { Problems } from '../core/problems.js';
import { functionSchema } from '../core/schemas.js';
import type { History } from '../history/entry.js';
import type { DriftEvent, VisibilityLagEvent } from './drift-event.js';

export interface DriftOptions {
  /**
   * Key of the wallet.
   * @defaultValue the only wallet of the guard
   */
  wallet?: string | undefined;
  /** Receives each movement once. Its errors become process warnings. */
  onDrift: (event: DriftEvent) => void;
  /**
   * Receives each capture that the balance certainly showed later than the wallet's `visibilityLagMs`.
   * @defaultValue a process warning
   */
  onLag?: ((event: VisibilityLagEvent) => void) | undefined;
  /**
   * Freezes the wallet as soon as more than this was certainly debited without explanation, even before the exact
   * amount is known. In major units.
   * @defaultValue never
   */
  freezeAbove?: AmountInput | undefined;
  /**
   * Longest time between a credit and the balance that shows it, in either direction, in milliseconds. An unexplained
   * credit waits this long for the application to report it. 0 to 86,400,000.
   * @defaultValue 60,000
   */
  creditToleranceMs?: number | undefined;
  /**
   * True if no payout ever debits more than was held for it. Snapshots then count while payouts are under way, so that
   * a large drain is detected although a payout is stuck. Leave it out if payouts may cost more: such a payout would
   * look like drift.
   * @defaultValue false
   */
  debitsWithinHolds?: boolean | undefined;
  /** Records drift, lag and credits; {@link DriftWatch.report} reads from it. */
  history?: History | undefined;
}

/** {@link DriftOptions} with defaults and in minor units. */
export interface ResolvedDriftOptions {
  readonly wallet: WalletInfo;
  readonly onDrift: (event: DriftEvent) => void;
  readonly onLag: ((event: VisibilityLagEvent) => void) | undefined;
  readonly freezeAboveMinor: bigint | undefined;
  readonly creditToleranceMs: number;
  readonly debitsWithinHolds: boolean;
  readonly history: History | undefined;
}

const defaultToleranceMs = 60_000;

/** Options that do not depend on the wallet. A monitor uses them for all its wallets. */
type SharedOptions = Pick<DriftOptions, 'creditToleranceMs' | 'debitsWithinHolds' | 'history'>;

/** Also the option of a monitor. */
export const historySchema: z.ZodType<History> = z.custom<History>(
  (value) => typeof (value as History | null)?.query === 'function',
  'must be a history',
);

const sharedShape: { readonly [Key in keyof SharedOptions]-?: z.ZodType<SharedOptions[Key]> } = {
  creditToleranceMs: z.int().min(0).max(86_400_000).optional(),
  debitsWithinHolds: z.boolean().optional(),
  history: historySchema.optional(),
};

export const sharedDriftSchema: z.ZodType<SharedOptions> = z.strictObject(sharedShape);

const optionsSchema: z.ZodType<DriftOptions> = z.strictObject({
  ...sharedShape,
  wallet: z.string().optional(),
  onDrift: functionSchema<DriftOptions['onDrift']>(),
  onLag: functionSchema<NonNullable<DriftOptions['onLag']>>().optional(),
  freezeAbove: z.custom<AmountInput>((value) => value !== undefined).optional(),
});

/** Adds a problem if the guard only observes: its store does not have every payout. */
export function assertEnforcing({ internals }: PayoutGuard, problems: Problems): void {
  if (internals.observes) problems.add('guard: it only observes, so its store does not have every payout');
}

/** @throws `ConfigurationError` naming every problem. */
export function resolveDriftOptions(guard: PayoutGuard, given: DriftOptions): ResolvedDriftOptions {
  const problems = new Problems();
  const options = problems.read(optionsSchema, given);
  if (!options) throw problems.error();
  const { freezeAbove, creditToleranceMs = defaultToleranceMs, debitsWithinHolds = false } = options;
  const wallet = problems.try('wallet', () => guard.internals.wallet(options.wallet));
  const freezeAboveMinor =
    wallet && freezeAbove !== undefined
      ? problems.try('freezeAbove', () => parseAmount(freezeAbove, wallet.currency))
      : undefined;
  assertEnforcing(guard, problems);
  if (!wallet || problems.any) throw problems.error();
  const { onDrift, onLag, history } = options;
  return { wallet, onDrift, onLag, freezeAboveMinor, creditToleranceMs, debitsWithinHolds, history };
}
