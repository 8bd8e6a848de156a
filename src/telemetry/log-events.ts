// The events of a guard as structured log lines.
import * as z from 'zod';
import type { PayoutGuardError } from '../core/errors.js';
import type { DecisionEvent } from '../core/events.js';
import type { HoldInfo } from '../core/hold-info.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import { Problems } from '../core/problems.js';
import { plausibleKey } from './attributes.js';

/** A logger such as pino's: fields first, then a sentence. */
export interface EventLogger {
  /** For frequent events. Skipped if the logger has no such method. */
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
 * Writes a line for each event of a guard. Every line has `event`, and `mode`, so that an observing guard cannot be
 * mistaken for an enforcing one. Lines name wallet and reference, and hold no secret. Returns a function that stops it.
 *
 * - `debug`: balances that were read, checks that were approved, reconciliations
 * - `info`: holds that were taken, captured and released
 * - `warn`: refused payouts, frozen and unfrozen wallets, accepted limits, a debit above its hold, a provider that
 *   failed, overdue payouts and those that the provider has no record of, a debit without a hold that was recorded, a
 *   payout that failed after its debit, an outcome that is retried
 * - `error`: an operator has to act. Daily limits that refuse after a loss of data, payouts refused because the
 *   balance is unavailable (status 5xx), a payout that was perhaps made twice, an outcome that the store contradicts or
 *   that is not retried, a payout left open at close, a wallet that no process serves, a look-up that finds nothing, a
 *   store that does not answer or refuses (counted)
 *
 * @throws `ConfigurationError` naming every problem of the logger and the options.
 */
export function logEvents(guard: PayoutGuard, logger: EventLogger, options: LogEventsOptions = {}): () => void {
  const problems = new Problems();
  const { expose } = problems.read(optionsSchema, options) ?? {};
  const isMissing = (level: 'info' | 'warn' | 'error') => typeof logger?.[level] !== 'function';
  if ((['info', 'warn', 'error'] as const).some(isMissing)) problems.add('logger: must have info, warn and error');
  if (problems.any) throw problems.error();
  const { observes } = guard.internals;
  const mode = observes ? 'observe' : 'enforce';
  const write = (level: Level, event: string, fields: object, message: string) =>
    logger[level]?.({ event: `payout_guard.${event}`, mode, ...fields }, message);
  const amounts = (of: object) => (expose === 'amounts' ? { amounts: of } : {});
  const holdFields = (hold: HoldInfo) => ({
    wallet: hold.wallet,
    reference: hold.reference,
    attempt: hold.attempt,
    currency: hold.currency,
    state: hold.state,
    ...(hold.failed && { failed: true }),
    ...(hold.awaitsOutcome && { awaitsOutcome: true }),
    ...amounts({ amount: hold.amount, ...(hold.captured !== undefined && { captured: hold.captured }) }),
  });
  const decisionFields = ({ decision, reference, payouts }: DecisionEvent) => {
    const { wallet, currency, required, available, floor, held, capturedSince, spendable, shortfall } = decision;
    const all = { required, available, floor, held, capturedSince, spendable, shortfall };
    const of = payouts === undefined ? about({ reference }) : { payouts };
    return { wallet, ...of, currency, temporary: decision.temporary, ...amounts(all) };
  };
  const refused = observes ? 'would have been refused' : 'was refused';

  if (observes) write('warn', 'observing', {}, 'The guard only observes: it refuses no payout.');
  const stops = [
    guard.on('approved', (event) => {
      // An approved hold is logged as held, and so is each one of a payroll.
      if (event.reference !== undefined || event.payouts !== undefined) return;
      write('debug', 'approved', decisionFields(event), 'A check was approved.');
    }),
    guard.on('insufficient', (event) => {
      const what = event.payouts === undefined ? `A payout ${refused}` : 'A payroll does not fit';
      write('warn', 'insufficient', decisionFields(event), `${what}: the wallet cannot cover it.`);
    }),
    guard.on('checkFailed', ({ error, wallet, reference, payouts }) => {
      const level = error.status >= 500 ? 'error' : 'warn';
      const fields = {
        ...about({ wallet, reference }),
        ...(payouts !== undefined && { payouts }),
        ...errorFields(error),
      };
      const what = payouts === undefined ? 'A payout' : 'A payroll';
      write(level, 'check_failed', fields, `${what} ${refused}: ${error.code}.`);
    }),
    guard.on('held', ({ hold }) => write('info', 'held', holdFields(hold), 'Money was held for a payout.')),
    guard.on('captured', ({ hold }) => write('info', 'captured', holdFields(hold), 'A payout was made.')),
    guard.on('debitAboveHold', ({ hold }) =>
      write('warn', 'debit_above_hold', holdFields(hold), 'A payout debited more than was held for it.'),
    ),
    guard.on('released', ({ hold, reason }) => {
      const fields = { ...holdFields(hold), ...(reason !== undefined && { reason }) };
      write('info', 'released', fields, 'A payout was not made.');
    }),
    guard.on('expired', ({ hold }) => write('info', 'expired', holdFields(hold), 'A reservation expired unpaid.')),
    guard.on('paidAfterRelease', ({ hold, attempt, perhapsTwice }) => {
      const fields = { ...holdFields(hold), paidAttempt: attempt, perhapsTwice };
      if (perhapsTwice) write('error', 'paid_after_release', fields, 'A payout was perhaps made twice.');
      else write('warn', 'paid_after_release', fields, 'A payout was made after its hold had ended; it is recorded.');
    }),
    guard.on('paidTwice', ({ hold, times }) =>
      write('error', 'paid_twice', { ...holdFields(hold), times }, 'A payout was made more than once.'),
    ),
    guard.on('failedAfterCapture', ({ hold }) =>
      write('warn', 'failed_after_capture', holdFields(hold), 'A payout failed after its debit; a refund is due.'),
    ),
    guard.on('overdue', ({ hold, ageMs, outcome }) => {
      const fields = { ...holdFields(hold), ageMs, outcome };
      write('warn', 'overdue', fields, 'The outcome of a payout is overdue; its money stays held.');
    }),
    guard.on('neverSeen', ({ hold, ageMs }) => {
      const fields = { ...holdFields(hold), ageMs };
      write('warn', 'never_seen', fields, 'The provider has no record of an overdue payout; its money stays held.');
    }),
    guard.on('reconciled', ({ neverSeen, ...counts }) =>
      write('debug', 'reconciled', { ...counts, neverSeen: neverSeen.length }, 'Sent payouts were looked up.'),
    ),
    guard.on('settlementFailed', ({ reference, wallet, error, retried }) => {
      const fields = { wallet, reference, retried, ...errorFields(error) };
      if (retried)
        write('warn', 'settlement_failed', fields, 'The outcome of a payout could not be recorded; will retry.');
      else
        write(
          'error',
          'settlement_failed',
          fields,
          'The outcome of a payout could not be recorded; settle it by hand.',
        );
    }),
    guard.on('contradiction', (event) =>
      write('error', 'contradiction', event, 'The outcome of a payout contradicts the store; nothing was changed.'),
    ),
    guard.on('leftOpen', (event) =>
      write('error', 'left_open', event, 'The guard closed and left a payout open; its money stays held.'),
    ),
    guard.on('orphanWallet', ({ wallet }) =>
      write('error', 'orphan_wallet', { wallet }, 'No process serves a wallet that has undecided payouts.'),
    ),
    guard.on('lookupFindsNothing', ({ wallet, inARow }) => {
      const fields = { wallet, inARow };
      write('error', 'lookup_finds_nothing', fields, 'The provider has no record of the payouts that are looked up.');
    }),
    guard.on('snapshot', ({ wallet, currency, asOf, available }) =>
      write('debug', 'snapshot', { wallet, currency, asOf, ...amounts({ available }) }, 'A balance was read.'),
    ),
    guard.on('providerFailure', ({ wallet, error }) =>
      write('warn', 'provider_failure', { wallet, ...errorFields(error) }, 'A request to the provider failed.'),
    ),
    guard.on('storeFailure', (event) =>
      write('error', 'store_failure', event, 'The store of holds did not answer, or refused an operation.'),
    ),
    guard.on('limitsUnknown', ({ wallet, since, until }) =>
      write(
        'error',
        'limits_unknown',
        { wallet, since, until },
        'Daily limits refuse payouts until they are accepted.',
      ),
    ),
    guard.on('limitsAccepted', ({ wallet }) =>
      write('warn', 'limits_accepted', { wallet }, 'Daily limits count from what the store knows.'),
    ),
    guard.on('frozen', ({ wallet, reason }) =>
      reason === undefined
        ? write('warn', 'unfrozen', { wallet }, 'Payouts from a wallet continue.')
        : write('warn', 'frozen', { wallet, reason }, 'Payouts from a wallet are stopped.'),
    ),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** The names that the caller gave. */
function about(named: { wallet?: unknown; reference?: unknown }): { wallet?: string; reference?: string } {
  const wallet = plausibleKey(named.wallet);
  const reference = plausibleKey(named.reference);
  return { ...(wallet !== undefined && { wallet }), ...(reference !== undefined && { reference }) };
}

// The data of the error without its cause: messages of this library hold no balances and no secrets, those of others
// may.
function errorFields(error: PayoutGuardError): { error: Record<string, unknown> } {
  return { error: error.toJSON() };
}
