// What a guard tells, as structured log lines.
import { z } from 'zod';
import type { Decision } from '../core/decision.js';
import type { PayoutGuardError } from '../core/errors.js';
import type { PayoutGuard } from '../core/guard.js';
import type { HoldInfo } from '../core/hold-info.js';
import { Problems } from '../core/problems.js';
import { plausibleKey } from './attributes.js';

/** A logger such as pino's: fields first, then a sentence. */
export interface EventLogger {
  /** For what happens all the time. Not written if the logger has no such method. */
  debug?(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface LogEventsOptions {
  /**
   * `'amounts'` writes balances, and amounts of payouts, into the lines.
   * @defaultValue no line holds an amount
   */
  expose?: 'amounts' | undefined;
}

const optionsSchema: z.ZodType<LogEventsOptions> = z.strictObject({ expose: z.literal('amounts').optional() });

type Level = 'debug' | 'info' | 'warn' | 'error';

/**
 * Writes a line for each event of a guard. Every line has `event`, and `mode`, so that a guard that only observes is seen as one; lines
 * name wallet and reference, and hold no secret. Returns a function that stops it.
 *
 * - `debug`: balances that were read, checks that were approved, reconciliations
 * - `info`: holds that were taken, captured and released
 * - `warn`: payouts that were refused, wallets that were frozen and unfrozen, a provider that failed, overdue holds
 * - `error`: payouts refused because nobody can tell (status 5xx), holds that cannot be settled
 *
 * @throws `ConfigurationError` naming every problem of the logger and the options.
 */
export function logEvents(guard: PayoutGuard, logger: EventLogger, options: LogEventsOptions = {}): () => void {
  const problems = new Problems();
  const { expose } = problems.read(optionsSchema, options) ?? {};
  const isMissing = (level: 'info' | 'warn' | 'error') => typeof logger?.[level] !== 'function';
  if ((['info', 'warn', 'error'] as const).some(isMissing)) problems.add('logger: must have info, warn and error');
  if (problems.any) throw problems.error();
  const { mode } = guard;
  const write = (level: Level, event: string, fields: object, message: string) =>
    logger[level]?.({ event: `payout_guard.${event}`, mode, ...fields }, message);
  const amounts = (of: object) => (expose === 'amounts' ? { amounts: of } : {});
  const holdFields = ({ wallet, reference, currency, state, amount, captured }: HoldInfo) => ({
    wallet,
    reference,
    currency,
    state,
    ...amounts({ amount, ...(captured !== undefined && { captured }) }),
  });
  const decisionFields = (decision: Decision, reference: string | undefined) => {
    const { wallet, currency, required, available, floor, held, capturedSince, spendable, shortfall } = decision;
    const all = { required, available, floor, held, capturedSince, spendable, shortfall };
    return { wallet, ...about({ reference }), currency, temporary: decision.temporary, ...amounts(all) };
  };
  const refused = mode === 'observe' ? 'would have been refused' : 'was refused';

  if (mode === 'observe') write('warn', 'observing', {}, 'The guard only observes: it refuses no payout.');
  const stops = [
    guard.on('approved', ({ decision, reference }) => {
      // A hold is told as held.
      if (reference !== undefined) return;
      write('debug', 'approved', decisionFields(decision, reference), 'A check was approved.');
    }),
    guard.on('refused', ({ decision, reference }) =>
      write('warn', 'refused', decisionFields(decision, reference), `A payout ${refused}: the wallet cannot cover it.`),
    ),
    guard.on('rejected', ({ error, wallet, reference }) => {
      const level = error.status >= 500 ? 'error' : 'warn';
      const fields = { ...about({ wallet, reference }), ...errorFields(error) };
      write(level, 'rejected', fields, `A payout ${refused}: ${error.code}.`);
    }),
    guard.on('held', ({ hold }) => write('info', 'held', holdFields(hold), 'Money was held for a payout.')),
    guard.on('captured', ({ hold }) => write('info', 'captured', holdFields(hold), 'A payout was made.')),
    guard.on('released', ({ hold }) => write('info', 'released', holdFields(hold), 'A payout was not made.')),
    guard.on('overdue', ({ hold, ageMs, outcome }) => {
      const fields = { ...holdFields(hold), ageMs, outcome };
      write('warn', 'overdue', fields, 'The outcome of a payout is overdue; its money stays held.');
    }),
    guard.on('reconciled', (counts) => write('debug', 'reconciled', counts, 'Sent payouts were looked up.')),
    guard.on('unsettled', ({ reference, error }) => {
      const fields = { ...about({ reference }), ...errorFields(error) };
      write('error', 'unsettled', fields, 'A hold could not be settled; its money stays held.');
    }),
    guard.on('snapshot', ({ wallet, currency, asOf, available }) => {
      write('debug', 'snapshot', { wallet, currency, asOf, ...amounts({ available }) }, 'A balance was read.');
    }),
    guard.on('providerFailure', ({ wallet, error }) =>
      write('warn', 'provider_failure', { wallet, ...errorFields(error) }, 'The provider could not be asked.'),
    ),
    guard.on('frozen', ({ wallet, reason }) =>
      reason === undefined
        ? write('warn', 'unfrozen', { wallet }, 'Payouts from a wallet go on.')
        : write('warn', 'frozen', { wallet, reason }, 'Payouts from a wallet are stopped.'),
    ),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** What a caller named. */
function about(named: { wallet?: unknown; reference?: unknown }): { wallet?: string; reference?: string } {
  const wallet = plausibleKey(named.wallet);
  const reference = plausibleKey(named.reference);
  return { ...(wallet !== undefined && { wallet }), ...(reference !== undefined && { reference }) };
}

// The data of the error and no cause: messages of this library hold no balances and no secrets, those of others may.
function errorFields(error: PayoutGuardError): { error: Record<string, unknown> } {
  return { error: error.toJSON() };
}
