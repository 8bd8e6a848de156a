// Undoes the holds of callers that were refused, though the database may have granted them, or may yet. Such a caller
// pays nothing, so its hold must go.
import { isOpen } from '../../core/hold.js';
import type { HoldOutcome, HoldRequest } from '../../core/store.js';
import type { ResolvedSharedOptions } from './options.js';
import type { Requests, SentOp } from './requests.js';
import { refusals, unavailable } from './store-failure.js';
import { type GivenUp, Undo } from './undo.js';

/** Time after which a request may be repeated that was refused because an earlier one is still to be undone, in ms. */
const undoneSoonMs = 1_000;

type Taken = Extract<HoldOutcome, { readonly outcome: 'exists' }>;

export class RefusedAttempts {
  readonly #requests: Requests;
  readonly #options: ResolvedSharedOptions;
  readonly #undo: Undo;

  constructor(requests: Requests, options: ResolvedSharedOptions) {
    this.#requests = requests;
    this.#options = options;
    this.#undo = new Undo((attempt) => this.#release(attempt));
  }

  /**
   * Undoes a hold, or those of a batch, that was sent, though its caller is refused. Does nothing for other operations.
   */
  add(op: SentOp): void {
    if (op.kind === 'hold' && op.sent) this.#undo.add({ request: op.request, header: op.sent.header });
    if (op.kind !== 'holdAll' || !op.sent) return;
    for (const request of op.holds.holds) this.#undo.add({ request, header: op.sent.header });
  }

  /**
   * Sends the undos of a reference, ahead of a new request with it. @throws `BalanceUnavailableError` when so much is
   * to be undone that the database must have been away for long.
   */
  undoBefore({ reference }: HoldRequest): void {
    if (this.#undo.size === 0) return;
    if (this.#undo.size >= this.#options.maxQueue) throw unavailable(refusals.undoing);
    this.#undo.ahead(reference);
  }

  /**
   * The answer to a request whose reference is taken. A hold that its own caller may have been refused is undone soon,
   * by this process or by another one.
   */
  existing<Answer extends Taken>(answer: Answer, nowMs: number): Answer {
    const { reference, state, createdAtMs } = answer.hold;
    const isYoung = nowMs - createdAtMs < 2 * this.#options.deadlineMs + undoneSoonMs;
    return isOpen(state) && (isYoung || this.#undo.has(reference)) ? { ...answer, retryAfterMs: undoneSoonMs } : answer;
  }

  /** Undoes the rest, if the database responds. */
  close(): Promise<void> {
    return this.#undo.close();
  }

  /** Resolves to how long the attempt may still arrive, in milliseconds: 0 if never. */
  async #release({ request: { reference, attempt, wallet }, header }: GivenUp): Promise<number> {
    // Not of another handle of the attempt, that resumed the reservation and was given to send it.
    const request = { reference, attempt, to: 'released', notSent: true, sender: attempt } as const;
    const op = { kind: 'settle', request, wallet } as const;
    let reply = await this.#requests.submit(op);
    if (!reply.isExecuted) reply = await this.#requests.submit(op);
    if (!reply.isExecuted) throw unavailable(refusals.late);
    const { epoch, nowMs } = reply;
    return epoch === header.epoch ? Math.max(0, header.notAfterMs + 1 - nowMs) : 0;
  }
}
