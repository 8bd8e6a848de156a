// Writes down what a guard tells.
import type { Decision } from '../../core/decision.js';
import type { PayoutGuardError } from '../../core/errors.js';
import type { PayoutGuard } from '../../core/guard.js';
import type { HoldInfo } from '../../core/hold-info.js';
import { warn } from '../../core/warn.js';
import { type History, type HistoryEntry, type HistoryKind, historyKinds } from './entry.js';

export interface RecordOptions {
  /**
   * What is written down. A busy API may want to leave out `approved`, of which there is one for each payout and each check.
   * @defaultValue everything
   */
  kinds?: readonly HistoryKind[] | undefined;
}

/**
 * Notes what the guard tells in a history, from now on: every decision with all numbers of the rule, every step of a hold, every
 * balance. Returns a function that stops it.
 *
 * Each guard tells what it did itself: to see what all processes do, record the guards of all of them in one PostgreSQL.
 */
export function recordHistory(
  guard: PayoutGuard,
  history: History,
  { kinds = historyKinds }: RecordOptions = {},
): () => void {
  const note = (kind: HistoryKind, entry: Omit<HistoryEntry, 'kind' | 'at'>) => {
    if (!kinds.includes(kind)) return;
    const added = history.add([{ kind, at: new Date(guard.clock.now()), ...entry }]);
    Promise.resolve(added).catch((error) => warn('PAYOUT_GUARD_HISTORY', `The history did not take a ${kind}.`, error));
  };
  const stops = [
    guard.on('snapshot', ({ wallet, available, currency, capturedMark, epoch, asOf }) =>
      note('snapshot', {
        wallet,
        amount: available,
        data: { currency, capturedMark, epoch, asOf: asOf.toISOString() },
      }),
    ),
    guard.on('approved', ({ decision, reference }) => note('approved', aboutDecision(decision, reference))),
    guard.on('refused', ({ decision, reference }) => note('refused', aboutDecision(decision, reference))),
    guard.on('rejected', ({ error, wallet, reference }) =>
      note('rejected', {
        wallet: shown(wallet ?? guard.walletKey()),
        reference: shown(reference),
        data: aboutError(error),
      }),
    ),
    guard.on('held', ({ hold }) => note('held', aboutHold(hold))),
    guard.on('captured', ({ hold }) => note('captured', aboutHold(hold))),
    guard.on('released', ({ hold }) => note('released', aboutHold(hold))),
    guard.on('overdue', ({ hold, ageMs, outcome }) => {
      const { data, ...about } = aboutHold(hold);
      note('overdue', { ...about, data: { ...data, ageMs, outcome } });
    }),
    guard.on('unsettled', ({ reference, error }) => note('unsettled', { reference, data: aboutError(error) })),
    guard.on('frozen', ({ wallet, reason }) =>
      reason === undefined ? note('unfrozen', { wallet, data: {} }) : note('frozen', { wallet, data: { reason } }),
    ),
    guard.on('providerFailure', ({ wallet, error }) => note('providerFailure', { wallet, data: aboutError(error) })),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

function aboutDecision(decision: Decision, reference: string | undefined): Omit<HistoryEntry, 'kind' | 'at'> {
  return { wallet: decision.wallet, reference, amount: decision.required, data: { ...decision.toData() } };
}

function aboutHold(hold: HoldInfo): Omit<HistoryEntry, 'kind' | 'at'> {
  const { reference, wallet, state, amount, captured, currency, createdAt, sentAt } = hold;
  const data = {
    state,
    amount,
    ...(captured !== undefined && { captured }),
    currency,
    createdAt: createdAt.toISOString(),
    ...(sentAt && { sentAt: sentAt.toISOString() }),
  };
  return { wallet, reference, amount: captured ?? amount, data };
}

function aboutError(error: PayoutGuardError): HistoryEntry['data'] {
  const reason = 'reason' in error ? String(error.reason) : undefined;
  return { code: error.code, ...(reason && { reason }), message: error.message };
}

/** A name as a client wrote it: it may be no name at all. */
function shown(name: unknown): string | undefined {
  return typeof name === 'string' ? name.slice(0, 128).replace(/[^\x20-\x7e]/g, '?') : undefined;
}
