// Asking providers for the outcome of payouts, within a budget: webhooks first, then the oldest, never two at once for
// one reference.
import { elapsedMs, runAfter } from './clock.js';
import { sharedController, untilAborted, withDeadline } from './deadline.js';
import { asPayoutGuardError, BalanceUnavailableError, type PayoutGuardError } from './errors.js';
import type { Events } from './events.js';
import { answerOf } from './functions.js';
import type { HoldRecord } from './hold.js';
import type { ResolvedOptions } from './options.js';
import type { PayoutAnswer } from './provider.js';
import { traced } from './trace.js';
import { isPayoutVerdict } from './verdict.js';
import type { Wallet } from './wallet.js';
import type { Wallets } from './wallets.js';

/** So many payouts in a row that look-ups found nothing about make the look-up suspicious. */
const suspiciousAbsences = 20;
const defaultConcurrency = 4;

/** The answer to a look-up. */
export interface LookupAnswer extends PayoutAnswer {
  /** The provider was asked and did not answer: the same question makes sense again. */
  readonly isUnanswered?: boolean | undefined;
}

interface Question {
  readonly wallet: Wallet;
  readonly hold: HoldRecord;
  isUrgent: boolean;
  readonly answer: Promise<LookupAnswer>;
  readonly resolve: (answer: LookupAnswer | PromiseLike<LookupAnswer>) => void;
}

/** The questions for one adapter instance. */
interface Lane {
  readonly concurrency: number;
  readonly waiting: Question[];
  /** Under way, by reference. */
  readonly asked: Map<string, Question>;
  tokens: number;
  refilledAtMs: number;
  timer: (() => void) | undefined;
}

export class Lookups {
  readonly #options: ResolvedOptions;
  readonly #wallets: Wallets;
  readonly #events: Events;
  readonly #lanes = new WeakMap<object, Lane>();
  #current = sharedController();
  /** The payouts in a row that look-ups found nothing about, by wallet. */
  readonly #notFound = new Map<string, Set<string>>();

  constructor(options: ResolvedOptions, wallets: Wallets, events: Events) {
    this.#options = options;
    this.#wallets = wallets;
    this.#events = events;
  }

  /**
   * The provider's word on a payout; `unknown` when it has none or does not answer. Never rejects. The answer is always
   * of a look-up that begins after the call: one that is under way may answer "failed" about what was sent again since.
   *
   * @param isUrgent - A webhook announced an outcome: asked before all others.
   */
  ask(wallet: Wallet, hold: HoldRecord, isUrgent: boolean): Promise<LookupAnswer> {
    if (!wallet.lookup) return Promise.resolve(nothingKnown);
    const lane = this.#laneOf(wallet);
    const queued = lane.waiting.find((question) => question.hold.reference === hold.reference);
    if (queued) {
      queued.isUrgent ||= isUrgent;
      this.#start(lane);
      return queued.answer;
    }
    let resolve: Question['resolve'] = () => {};
    const answer = new Promise<LookupAnswer>((settle) => {
      resolve = settle;
    });
    lane.waiting.push({ wallet, hold, isUrgent, answer, resolve });
    this.#start(lane);
    return answer;
  }

  /** Ends look-ups under way: their outcome is unknown. Later ones are asked as ever. */
  abort(): void {
    this.#current.abort(new BalanceUnavailableError('closed'));
    this.#current = sharedController();
  }

  #laneOf(wallet: Wallet): Lane {
    const key = wallet.provider ?? wallet;
    let lane = this.#lanes.get(key);
    if (!lane) {
      lane = {
        concurrency: wallet.provider?.lookupConcurrency ?? defaultConcurrency,
        waiting: [],
        asked: new Map(),
        tokens: this.#burst,
        refilledAtMs: elapsedMs(this.#options.clock),
        timer: undefined,
      };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  get #burst(): number {
    return Math.max(1, this.#options.lookupsPerSecond);
  }

  #start(lane: Lane): void {
    this.#refill(lane);
    while (lane.asked.size < lane.concurrency && lane.tokens >= 1) {
      const question = takeNext(lane);
      if (!question) return;
      lane.tokens -= 1;
      lane.asked.set(question.hold.reference, question);
      void this.#run(lane, question);
    }
    if (lane.waiting.length === 0 || lane.asked.size >= lane.concurrency || lane.timer) return;
    const waitMs = Math.ceil(((1 - lane.tokens) / this.#options.lookupsPerSecond) * 1_000);
    lane.timer = runAfter(this.#options.clock, Math.max(1, waitMs), () => {
      lane.timer = undefined;
      this.#start(lane);
    });
  }

  #refill(lane: Lane): void {
    const nowMs = elapsedMs(this.#options.clock);
    const passedMs = Math.max(0, nowMs - lane.refilledAtMs);
    lane.tokens = Math.min(this.#burst, lane.tokens + (passedMs / 1_000) * this.#options.lookupsPerSecond);
    lane.refilledAtMs = nowMs;
  }

  async #run(lane: Lane, question: Question): Promise<void> {
    const answer = await this.#answer(question);
    lane.asked.delete(question.hold.reference);
    question.resolve(answer);
    this.#start(lane);
  }

  async #answer({ wallet, hold }: Question): Promise<LookupAnswer> {
    const { clock, trace, fetchTimeoutMs: timeoutMs } = this.#options;
    const { reference, sentAtMs = hold.createdAtMs } = hold;
    const currency = wallet.currency.code;
    const outer = this.#current.signal;
    const onTimeout = () => unanswered(new BalanceUnavailableError('timeout'));
    try {
      const answer: unknown = await traced(trace, { name: 'lookup', wallet: wallet.key, reference }, () =>
        withDeadline({ clock, timeoutMs, outer, onTimeout }, async (signal) =>
          untilAborted(Promise.resolve(wallet.lookup?.({ reference, currency, sentAtMs, signal })), signal),
        ),
      );
      return this.#counted(wallet, reference, answerOf('lookup', 'the outcome of the payout', isPayoutAnswer, answer));
    } catch (thrown) {
      if (outer.aborted) return noAnswer;
      const error = unanswered(asPayoutGuardError(thrown));
      if ((error as Partial<BalanceUnavailableError>).reason === 'unauthorized') this.#wallets.forget(wallet);
      this.#events.emit('providerFailure', () => ({ wallet: wallet.key, error }));
      return noAnswer;
    }
  }

  /** Counts payouts and not answers: one that was never sent is looked up again and again. */
  #counted({ key, providerName }: Wallet, reference: string, answer: PayoutAnswer): PayoutAnswer {
    if (answer.outcome !== 'unknown') {
      this.#notFound.delete(key);
      return answer;
    }
    const references = this.#notFound.get(key) ?? new Set();
    this.#notFound.set(key, references);
    if (references.size === suspiciousAbsences || references.has(reference)) return answer;
    const inARow = references.add(reference).size;
    if (inARow === suspiciousAbsences) {
      this.#events.alert('lookupFindsNothing', () => ({ wallet: key, inARow }), {
        code: 'PAYOUT_GUARD_LOOKUP',
        message:
          `${providerName} had no record of the last ${inARow} payouts of wallet ${key} that were looked up. Check ` +
          'that payouts are sent with the reference of their hold; settle them in your callback until then.',
      });
    }
    return answer;
  }
}

/** A failure to ask about a payout, in its own words: the payout was sent. */
function unanswered(error: PayoutGuardError): PayoutGuardError {
  if (error.code !== 'balance_unavailable') return error;
  const { reason, retryAfterMs, cause } = error as BalanceUnavailableError;
  const consequence = 'Its money stays held, and it is looked up again.';
  return new BalanceUnavailableError(reason, { subject: 'Payout outcome', consequence, retryAfterMs, cause });
}

const nothingKnown: LookupAnswer = { outcome: 'unknown' };
const noAnswer: LookupAnswer = { outcome: 'unknown', isUnanswered: true };

/** Urgent ones first, then the one that was sent first; none whose reference is being asked about. */
function takeNext({ waiting, asked }: Lane): Question | undefined {
  let best = -1;
  for (const [index, question] of waiting.entries()) {
    if (asked.has(question.hold.reference)) continue;
    const other = waiting[best];
    if (!other || isBefore(question, other)) best = index;
  }
  return best < 0 ? undefined : waiting.splice(best, 1)[0];
}

function isBefore(one: Question, other: Question): boolean {
  if (one.isUrgent !== other.isUrgent) return one.isUrgent;
  return !one.isUrgent && (one.hold.sentAtMs ?? 0) < (other.hold.sentAtMs ?? 0);
}

function isPayoutAnswer(value: unknown): value is PayoutAnswer {
  if (typeof value !== 'object' || value === null) return false;
  const { outcome, debited, timesPaid, absent } = value as Partial<Record<keyof PayoutAnswer, unknown>>;
  return (
    isPayoutVerdict(outcome) &&
    (debited === undefined || typeof debited === 'string') &&
    (timesPaid === undefined || (Number.isInteger(timesPaid) && Number(timesPaid) > 0 && Number(timesPaid) <= 1_000)) &&
    (absent === undefined || typeof absent === 'boolean')
  );
}
