// Learns what became of a payout, and settles its hold if that is final.

import { asPayoutGuardError, BalanceUnavailableError } from './errors.js';
import type { Events } from './events.js';
import type { HoldRecord } from './hold.js';
import { type HoldInfo, holdInfo } from './hold-info.js';
import type { LookupAnswer, Lookups } from './lookups.js';
import { parseAmount } from './money.js';
import type { ResolvedOptions } from './options.js';
import type { PayoutAnswer } from './provider.js';
import type { VerdictRequest } from './settler.js';
import type { VerdictOutbox } from './verdict-outbox.js';
import type { Wallet } from './wallet.js';

/** The outcome of one hold that was looked up. */
export interface Fate {
  readonly end: 'captured' | 'released' | 'open';
  readonly isOverdue: boolean;
  /** Overdue, and the provider has no record of it. */
  readonly neverSeen?: HoldInfo | undefined;
  /** The provider or the store did not answer: the same question makes sense again. */
  readonly isUnanswered?: boolean | undefined;
}

export class Outcomes {
  readonly #options: ResolvedOptions;
  readonly #lookups: Lookups;
  readonly #outbox: VerdictOutbox;
  readonly #events: Events;

  constructor(options: ResolvedOptions, lookups: Lookups, outbox: VerdictOutbox, events: Events) {
    this.#options = options;
    this.#lookups = lookups;
    this.#outbox = outbox;
    this.#events = events;
  }

  /**
   * Looks up one undecided hold. Never rejects.
   *
   * @param nowMs - The store's clock when it gave the hold, before the provider is asked: a "failed" that was asked for
   *   while the payment code might still send proves nothing about what it sends afterwards.
   */
  async learn(wallet: Wallet, hold: HoldRecord, nowMs: number, isUrgent = false): Promise<Fate> {
    const answer = await this.#lookups.ask(wallet, hold, isUrgent);
    const request = this.#verdict(wallet, hold, nowMs, answer);
    if (request) {
      const ended = await this.#outbox.record({ wallet: wallet.key, attempt: hold.attempt, request });
      // One that failed after its capture was not made either.
      if (ended?.state === 'captured' && !ended.failed) return { end: 'captured', isOverdue: false };
      if (ended?.failed || ended?.state === 'released') return { end: 'released', isOverdue: false };
      // The verdict is recorded later, unless this process ends before.
      return this.#stillOpen(hold, nowMs, { ...answer, isUnanswered: true });
    }
    return this.#stillOpen(hold, nowMs, answer);
  }

  #verdict(wallet: Wallet, hold: HoldRecord, nowMs: number, answer: PayoutAnswer): VerdictRequest | undefined {
    const { reference, attempt } = hold;
    const { visibilityLagMs: visibleInMs } = wallet;
    if (answer.outcome === 'completed') {
      if ((answer.timesPaid ?? 1) > 1) this.#reportTwice(hold, answer.timesPaid ?? 1);
      const actualMinor = hold.awaitsOutcome ? undefined : this.#debit(wallet, hold, answer);
      return { reference, attempt, to: 'captured', actualMinor, visibleInMs };
    }
    return isFailed(wallet, hold, nowMs, answer) ? { reference, attempt, to: 'failed' } : undefined;
  }

  /** The debit of a payout, or of all that were made under its reference; undefined if it is the held amount. */
  #debit(wallet: Wallet, hold: HoldRecord, { debited, timesPaid = 1 }: PayoutAnswer): bigint | undefined {
    const minor = debited === undefined ? undefined : this.#believed(wallet, hold, debited);
    return timesPaid === 1 ? minor : (minor ?? hold.amountMinor) * BigInt(timesPaid);
  }

  /**
   * A payout that was made is a fact, so a debit that is no amount leaves that of the hold. So does one of less than
   * half: it is more likely a mistake in the unit, and would promise money again that has left.
   */
  #believed(wallet: Wallet, hold: HoldRecord, debited: string): bigint | undefined {
    try {
      const minor = parseAmount(debited, wallet.currency);
      if (minor * 2n >= hold.amountMinor) return minor;
      throw new BalanceUnavailableError('malformed', {
        subject: 'Payout debit',
        detail: 'less than half of the held amount',
        consequence: `The held amount counts as the debit of payout ${hold.reference}.`,
      });
    } catch (thrown) {
      const error = asPayoutGuardError(thrown);
      this.#events.emit('providerFailure', () => ({ wallet: wallet.key, error }));
      return undefined;
    }
  }

  #reportTwice(hold: HoldRecord, times: number): void {
    this.#events.alert('paidTwice', () => ({ hold: holdInfo(hold), times }), {
      code: 'PAYOUT_GUARD_PAID_TWICE',
      message:
        `Payout ${hold.reference} of wallet ${hold.wallet} was made ${times} times under one reference. All of them ` +
        'count as debits; ask for the money back, and look for code that sends a payout again.',
    });
  }

  #stillOpen(hold: HoldRecord, nowMs: number, { outcome, absent, isUnanswered }: LookupAnswer): Fate {
    const ageMs = nowMs - (hold.sentAtMs ?? hold.createdAtMs);
    // The money of a capture has left: only its record is not complete.
    if (hold.state !== 'sent' || ageMs < this.#options.overdueAfterMs) {
      return { end: 'open', isOverdue: false, isUnanswered };
    }
    const info = holdInfo(hold);
    this.#events.emit('overdue', () => ({ hold: info, ageMs, outcome }));
    if (absent) this.#events.emit('neverSeen', () => ({ hold: info, ageMs }));
    return { end: 'open', isOverdue: true, neverSeen: absent ? info : undefined, isUnanswered };
  }
}

/** Returns true if an answer proves that the payout of this hold failed. */
function isFailed(wallet: Wallet, hold: HoldRecord, nowMs: number, { outcome, absent }: PayoutAnswer): boolean {
  if (hold.awaitsOutcome) return outcome === 'failed';
  const { sendsUntilMs = 0 } = hold;
  // A payment sent after the answer may succeed, and the answer may be about an earlier attempt with the same
  // reference.
  if (nowMs < sendsUntilMs || hold.turn !== undefined) return false;
  if (outcome === 'failed') return true;
  const { absentIsFailedAfterMs } = wallet;
  return outcome === 'unknown' && absent === true && absentIsFailedAfterMs !== undefined
    ? nowMs - sendsUntilMs >= absentIsFailedAfterMs
    : false;
}
