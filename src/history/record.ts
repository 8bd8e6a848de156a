// Records the events of a guard in a history.
import type { PayoutGuardError } from '../core/errors.js';
import type { DecisionEvent, GuardEvents } from '../core/events.js';
import type { HoldInfo } from '../core/hold-info.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import { warn } from '../core/warn.js';
import { type History, type HistoryEntry, type HistoryKind, historyKinds } from './entry.js';

export interface RecordOptions {
  /**
   * The kinds that are recorded. Consider leaving out `approved` in a busy API: there is one for each payout and each
   * check.
   * @defaultValue all
   */
  kinds?: readonly HistoryKind[] | undefined;
}

/** An entry of one kind, as its event describes it. */
type About = Omit<HistoryEntry, 'kind' | 'at'>;

/** Reads the entry out of each event. `frozen` is of two kinds and read below. */
const readers: {
  readonly [Name in Exclude<keyof GuardEvents & HistoryKind, 'frozen'>]: (event: GuardEvents[Name]) => About;
} = {
  snapshot: ({ wallet, available, currency, capturedMark, epoch, asOf }) => ({
    wallet,
    amount: available,
    data: { currency, capturedMark, epoch, asOf: asOf.toISOString() },
  }),
  approved: aboutDecision,
  insufficient: aboutDecision,
  checkFailed: ({ error, wallet, reference, payouts }) => ({
    wallet: shown(wallet),
    reference: shown(reference),
    data: { ...aboutError(error), ...(payouts !== undefined && { payouts }) },
  }),
  held: ({ hold }) => aboutHold(hold),
  captured: ({ hold }) => aboutHold(hold),
  debitAboveHold: ({ hold }) => aboutHold(hold),
  released: ({ hold, reason }) => aboutHold(hold, reason === undefined ? {} : { reason }),
  expired: ({ hold }) => aboutHold(hold),
  paidAfterRelease: ({ hold, attempt, perhapsTwice }) => aboutHold(hold, { paidAttempt: attempt, perhapsTwice }),
  paidTwice: ({ hold, times }) => aboutHold(hold, { times }),
  failedAfterCapture: ({ hold }) => aboutHold(hold),
  overdue: ({ hold, ageMs, outcome }) => aboutHold(hold, { ageMs, outcome }),
  neverSeen: ({ hold, ageMs }) => aboutHold(hold, { ageMs }),
  settlementFailed: ({ reference, wallet, error, retried }) => ({
    wallet,
    reference,
    data: { ...aboutError(error), retried },
  }),
  contradiction: ({ reference, wallet, ...data }) => ({ wallet, reference, data }),
  leftOpen: ({ reference, wallet, ...data }) => ({ wallet, reference, data }),
  orphanWallet: ({ wallet }) => ({ wallet, data: {} }),
  lookupFindsNothing: ({ wallet, inARow }) => ({ wallet, data: { inARow } }),
  limitsUnknown: ({ wallet, since, until }) => ({
    wallet,
    data: { since: since.toISOString(), until: until.toISOString() },
  }),
  limitsAccepted: ({ wallet }) => ({ wallet, data: {} }),
  providerFailure: ({ wallet, error }) => ({ wallet, data: aboutError(error) }),
};

/**
 * Records the events of a guard in a history from now on: every decision with all numbers of the rule, every step of a
 * hold, every balance. Returns a function that stops it. Recording does not count as handling: events that need
 * attention stay process warnings.
 *
 * Each guard emits its own events only: to see those of all processes, record each of their guards in one shared
 * history.
 */
export function recordHistory(
  guard: PayoutGuard,
  history: History,
  { kinds = historyKinds }: RecordOptions = {},
): () => void {
  const { tap, clock } = guard.internals;
  const only = onlyWalletOf(guard);
  const note = (kind: HistoryKind, about: About) => {
    if (!kinds.includes(kind)) return;
    const added = history.add([{ kind, at: new Date(clock.now()), ...about }]);
    Promise.resolve(added).catch((error) =>
      warn('PAYOUT_GUARD_HISTORY', `The history rejected an entry (${kind}).`, error),
    );
  };
  const record = <Name extends keyof typeof readers>(name: Name) => {
    const read = readers[name] as (event: GuardEvents[Name]) => About;
    return tap(name, (event) => {
      const about = read(event);
      // A call without a wallet means the only one.
      note(name, about.wallet === undefined && only !== undefined ? { ...about, wallet: only } : about);
    });
  };
  const stops = [
    ...(Object.keys(readers) as (keyof typeof readers)[]).map((name) => record(name)),
    tap('frozen', ({ wallet, reason }) =>
      reason === undefined ? note('unfrozen', { wallet, data: {} }) : note('frozen', { wallet, data: { reason } }),
    ),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** The key of the wallet of a guard that has one. */
function onlyWalletOf({ internals }: PayoutGuard): string | undefined {
  try {
    return internals.wallet().key;
  } catch {
    return undefined;
  }
}

function aboutDecision({ decision, reference, payouts }: DecisionEvent): About {
  const data = { ...decision.toData(), ...(payouts !== undefined && { payouts }) };
  return { wallet: decision.wallet, reference, amount: decision.required, data };
}

function aboutHold(hold: HoldInfo, more: HistoryEntry['data'] = {}): About {
  const { reference, wallet, state, attempt, amount, captured, currency, createdAt, sentAt } = hold;
  const data = {
    state,
    attempt,
    amount,
    ...(captured !== undefined && { captured }),
    currency,
    createdAt: createdAt.toISOString(),
    ...(sentAt && { sentAt: sentAt.toISOString() }),
    ...(hold.failed && { failed: true }),
    ...(hold.awaitsOutcome && { awaitsOutcome: true }),
    ...more,
  };
  return { wallet, reference, amount: captured ?? amount, data };
}

function aboutError(error: PayoutGuardError): HistoryEntry['data'] {
  const reason = 'reason' in error ? String(error.reason) : undefined;
  return { code: error.code, ...(reason && { reason }), message: error.message };
}

/** Returns a printable name: the client may have sent any type and content. */
function shown(name: unknown): string | undefined {
  if (name === undefined) return undefined;
  return typeof name === 'string' ? name.slice(0, 128).replace(/[^\x20-\x7e]/g, '?') : '?';
}
