// The effect of a request on a hold. Pure, without I/O, for the stores that decide in this process.
import type { HoldRecord } from './hold.js';
import type { HoldRequest, SettleRequest } from './store.js';

/** The hold of a request that was granted: only the time is new. Field by field, because a spread is slow. */
export function grantedHold(request: HoldRequest, nowMs: number, turn: number | undefined): HoldRecord {
  const { reference, wallet, state, attempt, amountMinor, currency, expiresInMs, sendsForMs, fingerprint, metadata } =
    request;
  const isSent = state === 'sent';
  const { limits } = request;
  return {
    reference,
    wallet,
    state,
    attempt,
    amountMinor,
    currency,
    capturedMinor: undefined,
    createdAtMs: nowMs,
    expiresAtMs: isSent ? undefined : nowMs + expiresInMs,
    sentAtMs: isSent ? nowMs : undefined,
    sender: undefined,
    sendsUntilMs: isSent ? nowMs + sendsForMs : undefined,
    endedAtMs: undefined,
    visibleAtMs: undefined,
    turn,
    failed: undefined,
    awaitsOutcome: undefined,
    fingerprint,
    day: limits?.day,
    payee: limits?.payee,
    metadata,
  };
}

/** Returns true if a request for a hold means the payout that had its reference before. */
export function isSamePayout(known: HoldRecord, request: HoldRequest): boolean {
  return (
    known.wallet === request.wallet &&
    known.amountMinor === request.amountMinor &&
    known.fingerprint === request.fingerprint
  );
}

/** Returns true if a request is about another attempt, or about a payout that another handle sends. */
export function isOther(hold: HoldRecord, request: SettleRequest): boolean {
  if (request.attempt !== undefined && request.attempt !== hold.attempt) return true;
  if (request.to !== 'released' || request.sender === undefined || hold.state !== 'sent') return false;
  return request.sender !== (hold.sender ?? hold.attempt);
}

/** The hold in its next state, after a transition that is `done` or `late`. */
export function moved(hold: HoldRecord, request: SettleRequest, nowMs: number): HoldRecord {
  switch (request.to) {
    case 'reserved':
      return changed(hold, { expiresAtMs: nowMs + request.expiresInMs });
    case 'sent': {
      const sendsUntilMs = nowMs + request.sendsForMs;
      return changed(hold, { state: 'sent', sentAtMs: nowMs, sendsUntilMs, sender: request.sender });
    }
    case 'returned':
      return changed(hold, { sendsUntilMs: Math.min(nowMs, hold.sendsUntilMs ?? nowMs) });
    case 'captured':
      return changed(hold, {
        state: 'captured',
        capturedMinor: request.actualMinor ?? hold.amountMinor,
        endedAtMs: nowMs,
        visibleAtMs: request.visibleInMs > 0 ? nowMs + request.visibleInMs : undefined,
        // A late capture disproves the failure.
        failed: false,
        awaitsOutcome: request.awaitsOutcome === true ? true : undefined,
      });
    case 'released': {
      const failed = hold.state === 'sent' && request.notSent !== true;
      return changed(hold, { state: 'released', endedAtMs: nowMs, failed });
    }
    case 'failed':
      return changed(hold, { state: 'released', endedAtMs: nowMs, failed: true });
    default:
      return request satisfies never;
  }
}

/** Returns the record of a finished hold with what an `already` request adds; the same record if it adds nothing. */
export function noted(hold: HoldRecord, request: SettleRequest): HoldRecord {
  if (request.to === 'failed') return changed(hold, { failed: true });
  // A repeated "captured, outcome not known yet" is no outcome.
  const isCompleted = request.to === 'captured' && request.awaitsOutcome !== true;
  return isCompleted && hold.awaitsOutcome ? changed(hold, {}) : hold;
}

/** A reservation whose time is over. */
export function expired(hold: HoldRecord, nowMs: number): HoldRecord {
  return changed(hold, { state: 'released', endedAtMs: nowMs });
}

/** A reservation whose money partly, or wholly, went to other holds. One that has none left is over. */
export function lessened(hold: HoldRecord, takenMinor: bigint, nowMs: number): HoldRecord {
  if (takenMinor === hold.amountMinor) return changed(hold, { state: 'released', endedAtMs: nowMs });
  return changed(hold, { amountMinor: hold.amountMinor - takenMinor, expiresAtMs: hold.expiresAtMs });
}

type Change = Partial<
  Pick<
    HoldRecord,
    | 'state'
    | 'amountMinor'
    | 'capturedMinor'
    | 'expiresAtMs'
    | 'sentAtMs'
    | 'sender'
    | 'sendsUntilMs'
    | 'endedAtMs'
    | 'visibleAtMs'
    | 'failed'
    | 'awaitsOutcome'
  >
>;

/**
 * Field by field: copying by spread made a capture 20 times as slow. A change ends an expiry and the wait for an
 * outcome.
 */
function changed(hold: HoldRecord, change: Change): HoldRecord {
  return {
    reference: hold.reference,
    wallet: hold.wallet,
    state: change.state ?? hold.state,
    attempt: hold.attempt,
    amountMinor: change.amountMinor ?? hold.amountMinor,
    currency: hold.currency,
    capturedMinor: change.capturedMinor ?? hold.capturedMinor,
    createdAtMs: hold.createdAtMs,
    expiresAtMs: change.expiresAtMs,
    sentAtMs: change.sentAtMs ?? hold.sentAtMs,
    sender: change.sender ?? hold.sender,
    sendsUntilMs: change.sendsUntilMs ?? hold.sendsUntilMs,
    endedAtMs: change.endedAtMs ?? hold.endedAtMs,
    visibleAtMs: change.visibleAtMs ?? hold.visibleAtMs,
    turn: hold.turn,
    failed: (change.failed ?? hold.failed) || undefined,
    awaitsOutcome: change.awaitsOutcome,
    fingerprint: hold.fingerprint,
    day: hold.day,
    payee: hold.payee,
    metadata: hold.metadata,
  };
}
