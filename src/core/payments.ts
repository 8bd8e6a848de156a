// Paying under a hold: marks it as sent, runs the code that pays, and settles by what its end proves. `hold.pay`,
// `withHold` and `payoutRoute` all come here.
import { andThen, isPromise, isSilence, storeLostReservation } from './ask-store.js';
import type { PayOptions } from './calls.js';
import type { Decider } from './decider.js';
import { type Decision, decide, limitMinor, type Snapshot } from './decision.js';
import { BalanceUnavailableError, notePayment } from './errors.js';
import type { LeftOpen } from './events.js';
import type { FollowUp } from './follow-up.js';
import type { HoldRecord } from './hold.js';
import { WalletFrozenError } from './hold-errors.js';
import type { HoldHandle, PaymentRunner } from './hold-handle.js';
import { InsufficientFundsError } from './insufficient-funds.js';
import { type ResolvedOptions, sendingGraceMs } from './options.js';
import type { Hold } from './payout-guard.js';
import { type Proof, proofOfError, proofOfResult } from './proofs.js';
import { holdOf, type Settler, type VerdictRequest } from './settler.js';
import type { MaybePromise, SendRequest, SettleOutcome } from './store.js';
import { UnderWay } from './under-way.js';
import type { VerdictOutbox } from './verdict-outbox.js';
import type { Wallets } from './wallets.js';

/** A hold that is older than this is checked again before it is sent, in milliseconds. */
const checkAgainAfterMs = 300_000;

export class Payments implements PaymentRunner {
  readonly #options: ResolvedOptions;
  readonly #wallets: Wallets;
  readonly #decider: Decider;
  readonly #settler: Settler;
  readonly #outbox: VerdictOutbox;
  readonly #followUp: FollowUp;
  readonly #handles = new Set<HoldHandle>();
  readonly #underWay = new UnderWay();

  constructor(parts: {
    options: ResolvedOptions;
    wallets: Wallets;
    decider: Decider;
    settler: Settler;
    outbox: VerdictOutbox;
    followUp: FollowUp;
  }) {
    this.#options = parts.options;
    this.#wallets = parts.wallets;
    this.#decider = parts.decider;
    this.#settler = parts.settler;
    this.#outbox = parts.outbox;
    this.#followUp = parts.followUp;
  }

  /** Payouts whose payment function has not ended. */
  get left(): LeftOpen[] {
    return [...this.#handles].map(({ reference, wallet, attempt }) => ({
      reference,
      wallet,
      attempt,
      pending: 'paying',
    }));
  }

  /** Resolves when all payouts under way have ended and their verdicts were given to the store. */
  idle(): Promise<void> {
    return this.#underWay.idle();
  }

  /** Runs the code that pays; see `Hold.pay`. */
  async run<T>(handle: HoldHandle, fn: (hold: Hold) => T | Promise<T>, options: PayOptions): Promise<T> {
    const unpin = this.#wallets.pin(handle.settings);
    this.#handles.add(handle);
    this.#underWay.begin();
    try {
      if (handle.state !== 'sent') {
        try {
          await this.markSent(handle);
        } catch (error) {
          handle.refuseToPay();
          throw error;
        }
      }
      let result: T;
      try {
        result = await fn(handle);
      } catch (error) {
        await this.#conclude(handle, proofOfError(handle, error));
        if (handle.state !== 'released') notePayment(error, handle.reference);
        throw error;
      }
      const concluded = this.#conclude(handle, proofOfResult(handle, result, options));
      // A store in memory has answered already: no turn of the event loop for it.
      if (isPromise(concluded)) await concluded;
      return result;
    } finally {
      unpin();
      this.#handles.delete(handle);
      this.#underWay.end();
    }
  }

  /**
   * Marks the hold as sent. Without the store's confirmation the payout counts as not sent, and the hold is released.
   *
   * @throws what `Hold.pay` throws before `fn` runs.
   */
  markSent(handle: HoldHandle): MaybePromise<HoldRecord> {
    const seen = (hold: HoldRecord): HoldRecord | Promise<never> => {
      handle.see(hold);
      // The guard began to close while the store was asked, so nothing is sent.
      return this.#decider.isClosed ? this.#giveUp(handle, closed()) : hold;
    };
    const failed = (error: unknown): Promise<never> => {
      if (!isSilence(error)) throw error;
      return this.#giveUp(handle, error);
    };
    if (this.#decider.isClosed) {
      return this.#giveUp(handle, closed());
    }
    try {
      const sending = handle.ageMs() > checkAgainAfterMs ? this.#checkAndSend(handle) : this.#send(handle);
      return isPromise(sending) ? sending.then(seen, failed) : seen(sending);
    } catch (error) {
      return failed(error);
    }
  }

  #send(handle: HoldHandle): MaybePromise<HoldRecord> {
    const request = this.#sendRequest(handle, undefined);
    return andThen(this.#settler.ask(request), (outcome) => {
      if (outcome.outcome === 'frozen') throw new WalletFrozenError(handle.wallet, outcome.frozen);
      return sentHoldOf(handle, outcome, request);
    });
  }

  /** Balances have moved since the hold was granted, so it must fit once more in the step that marks it as sent. */
  async #checkAndSend(handle: HoldHandle): Promise<HoldRecord> {
    const { record, settings: wallet, reference } = handle;
    const requirement = { wallet, requiredMinor: record.amountMinor };
    let sent: HoldRecord | undefined;
    const attempt = (snapshot: Snapshot): MaybePromise<Decision | undefined> => {
      const { epoch } = snapshot;
      const check = { epoch, limitMinor: limitMinor(snapshot, wallet.floorMinor) };
      const request = this.#sendRequest(handle, check);
      return andThen(this.#settler.ask(request), (outcome: SettleOutcome) => {
        switch (outcome.outcome) {
          case 'stale_epoch':
            return undefined;
          case 'frozen':
            throw new WalletFrozenError(wallet.key, outcome.frozen);
          case 'insufficient': {
            // Its own amount is among the holds already.
            const others = { ...outcome.totals, active: outcome.totals.active - record.amountMinor };
            return decide(snapshot, others, requirement);
          }
          default: {
            sent = sentHoldOf(handle, outcome, request);
            return decide(snapshot, { epoch, active: 0n, captured: snapshot.capturedMarkMinor }, requirement);
          }
        }
      });
    };
    const decision = await this.#decider.decide(requirement, {}, attempt, { reference });
    if (!sent) throw new InsufficientFundsError(decision, this.#options.insufficientFundsStatus);
    return sent;
  }

  #sendRequest(
    { reference, attempt, sender }: HoldHandle,
    check: SendRequest['check'],
  ): SendRequest & { reference: string; attempt: string } {
    const sendsForMs = this.#options.payWithinMs + sendingGraceMs;
    return { reference, attempt, to: 'sent', sendsForMs, sender: sender === attempt ? undefined : sender, check };
  }

  /**
   * The release may reach the store long after this: until then the handle must not be given `sent` by a second try.
   *
   * @throws the error.
   */
  async #giveUp(handle: HoldHandle, error: unknown): Promise<never> {
    handle.refuseToPay();
    await this.#recordNotSent(handle);
    throw error;
  }

  #recordNotSent(handle: HoldHandle): MaybePromise<void> {
    return this.#record(handle, {
      reference: handle.reference,
      attempt: handle.attempt,
      to: 'released',
      notSent: true,
      sender: handle.sender,
    });
  }

  #conclude(handle: HoldHandle, proof: Proof): MaybePromise<void> {
    // Settled by the code that pays itself.
    if (handle.state !== 'sent') return undefined;
    const { reference, attempt, settings } = handle;
    const { visibilityLagMs: visibleInMs } = settings;
    switch (proof) {
      case 'completed':
        return this.#record(handle, { reference, attempt, to: 'captured', visibleInMs });
      case 'failed':
        return this.#record(handle, { reference, attempt, to: 'failed' });
      case 'not_sent':
        return this.#recordNotSent(handle);
      case 'pending': {
        const request: VerdictRequest =
          settings.debitVisibleAt === 'acceptance'
            ? { reference, attempt, to: 'captured', visibleInMs, awaitsOutcome: true }
            : { reference, attempt, to: 'returned' };
        return andThen(this.#record(handle, request), () => this.#followUp.watch(settings, handle.record));
      }
      case 'unknown':
      case 'look_up':
        return andThen(this.#record(handle, { reference, attempt, to: 'returned' }), () =>
          this.#followUp.watch(settings, handle.record, proof === 'look_up'),
        );
      default:
        return proof satisfies never;
    }
  }

  #record(handle: HoldHandle, request: VerdictRequest): MaybePromise<void> {
    const { wallet, attempt } = handle;
    return andThen(this.#outbox.record({ wallet, attempt, request }), (hold) => {
      if (hold?.attempt === attempt) handle.see(hold);
    });
  }
}

function closed(): BalanceUnavailableError {
  return new BalanceUnavailableError('closed', { consequence: 'The payout was not sent.' });
}

/**
 * The hold that was marked as sent. A database client may repeat the request when the connection breaks, and then gets
 * the refusal of the repetition: that the hold was given to this very handle, which asks once at a time, is the
 * confirmation.
 */
function sentHoldOf(
  handle: HoldHandle,
  outcome: SettleOutcome,
  request: SendRequest & { reference: string },
): HoldRecord {
  if (outcome.outcome === 'illegal' && handle.state !== 'sent') {
    const { hold } = outcome;
    const isOwn = hold.attempt === handle.attempt && (hold.sender ?? hold.attempt) === handle.sender;
    if (hold.state === 'sent' && isOwn) return hold;
  }
  // Reservations are not restored when the store loses its memory: the payout may be tried again under a new hold.
  if (outcome.outcome === 'unknown') throw storeLostReservation();
  try {
    return holdOf(outcome, request);
  } catch (error) {
    // Another handle has sent the payout, such as one that resumed the hold: it may have been made.
    if (isSentElsewhere(handle, outcome)) notePayment(error, handle.reference);
    throw error;
  }
}

function isSentElsewhere(handle: HoldHandle, outcome: SettleOutcome): boolean {
  if (outcome.outcome !== 'illegal' || outcome.hold.attempt !== handle.attempt) return false;
  return outcome.hold.state === 'sent' || outcome.hold.state === 'captured';
}
