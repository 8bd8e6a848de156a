// The ways in which payouts are made, each written as an application would write it: the bank is asked within the
// function that pays, or after `sent()` has resolved.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Hold, isPayoutGuardError, PayoutRejectedError } from 'payout-guard';
import { monotonicMs } from '../processes/child.js';
import type { Random } from '../simulation/random.js';
import { inMajor } from './bank.js';
import { accepted, type BankAnswer, type BankClient } from './bank-client.js';
import type { Guards } from './guards.js';
import type { KnownPayouts, Payout } from './known-payouts.js';
import { type FromPayer, shortLifeMs } from './messages.js';
import type { PayoutApi } from './payout-api.js';

/**
 * - `onReturn`: over when the function returns.
 * - `judged`: settled by the verdict of the bank's answer.
 * - `exact`: captured by the payment code, with the debit of the bank.
 * - `webhook`: settled by whichever process receives the webhook.
 * - `route`: through the API of this process.
 * - `reserve`: held first, paid later or not at all.
 * - `expire`: held, and left to expire.
 * - `keep`: sent, with an outcome that is not known before the run is over.
 */
export type Flow = 'onReturn' | 'judged' | 'exact' | 'webhook' | 'route' | 'reserve' | 'expire' | 'keep';

/** As often as they stand here. */
export const flows: readonly Flow[] = [
  ...Array<Flow>(3).fill('onReturn'),
  ...Array<Flow>(3).fill('judged'),
  ...Array<Flow>(4).fill('exact'),
  ...Array<Flow>(3).fill('webhook'),
  ...Array<Flow>(5).fill('route'),
  ...Array<Flow>(8).fill('reserve'),
  'expire',
  'keep',
];

export interface FlowParts {
  readonly guards: Guards;
  readonly bank: BankClient;
  readonly api: PayoutApi;
  readonly known: KnownPayouts;
  readonly random: Random;
  readonly send: (message: FromPayer) => void;
}

export class Flows {
  readonly #parts: FlowParts;

  constructor(parts: FlowParts) {
    this.#parts = parts;
  }

  /** Makes one payout. @throws whatever refuses it. */
  run(flow: Flow, payout: Payout): Promise<unknown> {
    return this[flow](payout);
  }

  async onReturn(payout: Payout): Promise<void> {
    const heldFrom = monotonicMs();
    await this.#guard(payout).withHold({ ...described(payout), settles: 'onReturn' }, async (hold) => {
      this.#parts.known.permittedAtOnce(payout, heldFrom);
      accepted(await this.pay(payout, hold));
    });
  }

  async judged(payout: Payout): Promise<void> {
    const heldFrom = monotonicMs();
    await this.#guard(payout).withHold(described(payout), (hold) => {
      this.#parts.known.permittedAtOnce(payout, heldFrom);
      return this.pay(payout, hold);
    });
  }

  async exact(payout: Payout): Promise<void> {
    const heldFrom = monotonicMs();
    const actual = this.#actual(payout.amount);
    await this.#guard(payout).withHold(described(payout), async (hold) => {
      this.#parts.known.permittedAtOnce(payout, heldFrom);
      accepted(await this.pay(payout, hold, { actual }));
      await kept(hold.capture(inMajor(actual)));
    });
  }

  async webhook(payout: Payout): Promise<void> {
    const heldFrom = monotonicMs();
    await this.#guard(payout).withHold(described(payout), (hold) => {
      this.#parts.known.permittedAtOnce(payout, heldFrom);
      return this.pay(payout, hold, { actual: this.#actual(payout.amount), isWebhook: true });
    });
  }

  route(payout: Payout): Promise<void> {
    return this.#parts.api.request(payout);
  }

  async reserve(payout: Payout): Promise<unknown> {
    const { known, random } = this.#parts;
    const heldFrom = monotonicMs();
    const hold = await this.#guard(payout).hold(described(payout));
    const heldAt = monotonicMs();
    known.taken(payout);
    await sleep(random.upTo(150));
    switch (random.pick(['release', 'pay', 'resume', 'two handles', 'sent'] as const)) {
      case 'release':
        known.decided(payout.reference);
        return kept(hold.release());
      case 'pay':
        return this.#payLater(payout, hold, { heldFrom, heldAt });
      case 'resume':
        return this.#payLater(payout, await this.#resumed(payout, hold), { heldFrom, heldAt });
      case 'two handles':
        return this.#payTwice(payout, hold, { heldFrom, heldAt });
      case 'sent':
        return this.#payByHand(payout, hold, { heldFrom, heldAt });
    }
  }

  /** It must be too late for it, whatever the clock of this process shows. */
  async expire(payout: Payout): Promise<void> {
    const { known, send } = this.#parts;
    const hold = await this.#guard(payout).hold({ ...described(payout), expiresInMs: shortLifeMs });
    known.taken(payout);
    await sleep(2 * shortLifeMs);
    try {
      await hold.sent();
      send({ kind: 'problem', problem: `${payout.reference} was marked as sent after it had expired` });
    } catch (error) {
      if (codeOf(error) !== 'hold_state' && codeOf(error) !== 'balance_unavailable') throw error;
    }
    known.refused(payout.reference);
  }

  async keep(payout: Payout): Promise<void> {
    const heldFrom = monotonicMs();
    await this.#guard(payout).hold({ ...described(payout), state: 'sent' });
    this.#parts.known.permittedAtOnce(payout, heldFrom);
  }

  /** Asks the bank for the payout of a hold that was sent. Resolves to its answer. */
  async pay(
    { reference, wallet, amount }: Payout,
    { signal }: Pick<Hold, 'signal'>,
    { actual = amount, isWebhook = false }: { actual?: bigint; isWebhook?: boolean } = {},
  ): Promise<BankAnswer> {
    const { bank, known, random } = this.#parts;
    const fate = random.chance(0.1) ? 'rejected' : random.chance(0.05) ? 'answer lost' : 'paid';
    // A few take so long that they outlive a recovery window.
    const delayMs = random.chance(0.15) ? random.between(500, 1_200) : random.upTo(150);
    const payment = { reference, wallet, amount: `${amount}`, actual: `${actual}`, delayMs, isWebhook };
    const answer = await bank.send({ ...payment, fate: isWebhook ? 'paid' : fate }, signal);
    if (answer.status !== 'accepted') known.decided(reference);
    return answer;
  }

  /** Pays with a handle of a reserved hold. @param onBegin - Called when the payment begins. */
  async #payLater(payout: Payout, hold: Hold, { heldFrom, heldAt }: Held, onBegin = () => {}): Promise<void> {
    const askedAt = monotonicMs();
    await hold.pay((sent) => {
      onBegin();
      this.#parts.known.permitted(payout, { heldFrom, heldAt, askedAt, answeredAt: monotonicMs() });
      return this.pay(payout, sent);
    });
  }

  /** Two handles of one hold at the same time: at most one of them pays. */
  async #payTwice(payout: Payout, hold: Hold, held: Held): Promise<void> {
    const handles = [hold, await this.#resumed(payout, hold)];
    let winner: Hold | undefined;
    const ends = await Promise.allSettled(
      handles.map((one) =>
        this.#payLater(payout, one, held, () => {
          winner = one;
        }),
      ),
    );
    const errors = ends.map((end) => (end.status === 'rejected' ? end.reason : undefined));
    // The end of the payment is what counts; without one, the failure that the application can act on.
    const error = winner
      ? errors[handles.indexOf(winner)]
      : (errors.find((one) => codeOf(one) !== 'hold_state') ?? errors[0]);
    if (error) throw error;
  }

  /** Another handle, as after an approval. Without it the hold is released. */
  async #resumed(payout: Payout, hold: Hold): Promise<Hold> {
    try {
      return await this.#guard(payout).resume(payout.reference);
    } catch (error) {
      await kept(hold.release());
      throw error;
    }
  }

  /** With `sent`, `capture` and `release` around payment code of its own. */
  async #payByHand(payout: Payout, hold: Hold, { heldFrom, heldAt }: Held): Promise<unknown> {
    const askedAt = monotonicMs();
    await hold.sent();
    this.#parts.known.permitted(payout, { heldFrom, heldAt, askedAt, answeredAt: monotonicMs() });
    const actual = this.#actual(payout.amount);
    try {
      accepted(await this.pay(payout, hold, { actual }));
    } catch (error) {
      if (!(error instanceof PayoutRejectedError)) throw error;
      return kept(hold.release());
    }
    return kept(hold.capture(inMajor(actual)));
  }

  #guard({ wallet }: Payout): Guards['all'][number] {
    return this.#parts.guards.of[wallet];
  }

  /** The debit: now and then less or more than the amount held. */
  #actual(amount: bigint): bigint {
    const { random } = this.#parts;
    return random.chance(0.5) ? amount : amount + BigInt(random.between(-90, 60));
  }
}

/** Times of the request for the hold, and of its grant. */
interface Held {
  readonly heldFrom: number;
  readonly heldAt: number;
}

export function described({ reference, amount, wallet }: Payout): {
  reference: string;
  amount: string;
  wallet: string;
} {
  return { reference, amount: inMajor(amount), wallet };
}

/** A settlement that the store cannot take is kept by the guard, and recorded when the store responds. */
async function kept(settlement: Promise<unknown>): Promise<void> {
  await settlement.catch((error) => {
    if (codeOf(error) !== 'balance_unavailable') throw error;
  });
}

/** The code of an error of the library. */
export function codeOf(error: unknown): string | undefined {
  return isPayoutGuardError(error) ? error.code : undefined;
}
