// Moves holds on in the store: one attempt, its events, and what a refusal means.
import { andThen, askStore, storeIsRecovering, storeLostData } from './ask-store.js';
import { BalanceUnavailableError, isPayoutGuardError } from './errors.js';
import type { Events } from './events.js';
import type { HoldRecord, HoldState } from './hold.js';
import { HoldConflictError, HoldStateError, WalletFrozenError } from './hold-errors.js';
import { holdInfo } from './hold-info.js';
import type { ResolvedOptions } from './options.js';
import type { MaybePromise, SettleOutcome, SettleRequest } from './store.js';

/** Settlements that end a hold, or record that they cannot. */
export type VerdictRequest = Extract<SettleRequest, { to: 'captured' | 'released' | 'failed' | 'returned' }>;

/** Options of a settlement. */
interface Asking {
  /** The operator's reason for a release. */
  readonly reason?: string | undefined;
  /** It was asked for before, and it is not known whether the store did it. */
  readonly isRepeated?: boolean | undefined;
}

/** The steps that a tracer sees. */
const stepOf = {
  reserved: undefined,
  sent: 'sent',
  returned: undefined,
  captured: 'capture',
  released: 'release',
  failed: 'release',
} as const;

export class Settler {
  readonly #options: ResolvedOptions;
  readonly #events: Events;

  constructor(options: ResolvedOptions, events: Events) {
    this.#options = options;
    this.#events = events;
  }

  /** Asks the store once. @throws `BalanceUnavailableError` with reason `store` when it is silent. */
  ask(request: SettleRequest, about: Asking = {}): MaybePromise<SettleOutcome> {
    const { trace } = this.#options;
    const name = stepOf[request.to];
    if (!trace || !name) return this.#ask(request, about);
    return trace({ name, reference: request.reference }, () => this.#ask(request, about));
  }

  /** Moves the hold on. @throws what {@link holdOf} throws. */
  move(request: SettleRequest, reason?: string): MaybePromise<HoldRecord> {
    return andThen(this.ask(request, { reason }), (outcome) => holdOf(outcome, request));
  }

  #ask(request: SettleRequest, about: Asking): MaybePromise<SettleOutcome> {
    const answer = askStore(this.#options.store, (store) => store.settle(request));
    return andThen(answer, (outcome) => {
      this.#announce(outcome, request, about);
      return outcome;
    });
  }

  #announce(outcome: SettleOutcome, request: SettleRequest, { reason, isRepeated }: Asking): void {
    // The first request may have done it, and its answer got lost.
    const isDone = outcome.outcome === 'done' || (isRepeated === true && outcome.outcome === 'already');
    if (isDone && outcome.hold.state === 'released' && (request.to === 'released' || request.to === 'failed')) {
      const { hold } = outcome;
      this.#events.emit('released', () => ({ hold: holdInfo(hold), ...(reason !== undefined && { reason }) }));
    } else if (request.to === 'captured' && (isDone || outcome.outcome === 'late')) {
      const { hold } = outcome;
      this.#events.emit('captured', () => ({ hold: holdInfo(hold) }));
      if ((hold.capturedMinor ?? 0n) > hold.amountMinor) {
        this.#events.emit('debitAboveHold', () => ({ hold: holdInfo(hold) }));
      }
      if (outcome.outcome === 'late') this.#paidAfterRelease(hold, hold.attempt);
    } else if (request.to === 'captured' && outcome.outcome === 'illegal' && isOvertaken(outcome.hold, request)) {
      this.#paidAfterRelease(outcome.hold, request.attempt ?? '');
    } else if (request.to === 'failed' && outcome.outcome === 'already' && outcome.hold.state === 'captured') {
      const { hold } = outcome;
      this.#events.emit('failedAfterCapture', () => ({ hold: holdInfo(hold) }));
    }
  }

  #paidAfterRelease(hold: HoldRecord, attempt: string): void {
    const perhapsTwice = hold.attempt !== attempt;
    const { reference } = hold;
    this.#events.alert('paidAfterRelease', () => ({ hold: holdInfo(hold), attempt, perhapsTwice }), {
      code: 'PAYOUT_GUARD_PAID_AFTER_RELEASE',
      message: perhapsTwice
        ? `Payout ${reference} was made after its hold was released, and a later payout holds the same reference: ` +
          'it was perhaps paid twice. Check both with the provider.'
        : `Payout ${reference} was made after its hold had expired or was released. The debit is recorded; make ` +
          'the payout within hold.pay() or call hold.sent() before it.',
    });
  }
}

/** Returns the hold of an outcome. @throws the error of an outcome without one. */
export function holdOf(outcome: SettleOutcome, request: SettleRequest): HoldRecord {
  const { reference, to } = request;
  switch (outcome.outcome) {
    case 'done':
    case 'late':
      return outcome.hold;
    case 'already':
      assertSameAmount(outcome.hold, request);
      return outcome.hold;
    case 'illegal':
      throw new HoldStateError(
        reference,
        seenState(outcome.hold, request),
        wordFor[to],
        isOvertaken(outcome.hold, request),
      );
    case 'unknown':
      throw new HoldStateError(reference, 'unknown', wordFor[to]);
    case 'recovering':
      throw storeIsRecovering(outcome.forMs);
    case 'frozen':
      throw new WalletFrozenError('', outcome.frozen);
    case 'insufficient':
    case 'stale_epoch':
      throw storeLostData();
    default:
      return outcome satisfies never;
  }
}

const wordFor = {
  reserved: 'extended',
  sent: 'sent',
  returned: 'sent',
  captured: 'captured',
  released: 'released',
  failed: 'released',
} as const;

function assertSameAmount({ reference, capturedMinor }: HoldRecord, request: SettleRequest): void {
  if (request.to !== 'captured' || request.actualMinor === undefined || request.actualMinor === capturedMinor) return;
  throw new HoldConflictError(reference, 'amount');
}

/** Another attempt has taken the reference since, so the hold of this request was released before. */
export function isOvertaken(hold: HoldRecord, { attempt }: SettleRequest): boolean {
  return attempt !== undefined && attempt !== hold.attempt;
}

function seenState(hold: HoldRecord, request: SettleRequest): HoldState {
  return isOvertaken(hold, request) ? 'released' : hold.state;
}

/** Rephrases a failure of the store for a caller that wanted to settle a hold. */
export function asSettleFailure(error: unknown, consequence: string): unknown {
  if (!isPayoutGuardError(error) || error.code !== 'balance_unavailable') return error;
  const { reason, retryAfterMs, cause } = error as BalanceUnavailableError;
  return new BalanceUnavailableError(reason, { consequence, retryAfterMs, cause });
}
