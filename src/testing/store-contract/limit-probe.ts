// Holds under limits of one wallet, and the amounts that they count, for the rules of daily limits.
import { randomUUID } from 'node:crypto';
import type { DayLimits, HoldOutcome, HoldRequest, HoldStore, SettleOutcome, SettleRequest } from '../../core/store.js';

/** A payout of a batch: its name, amount and limits. */
export type BatchOfTest = readonly (readonly [name: string, amountMinor: bigint, limits: Partial<DayLimits>])[];

function inWords(answer: HoldOutcome): string {
  return answer.outcome === 'over_limit' ? `over ${answer.limit} at ${answer.usedMinor}` : answer.outcome;
}

/** Holds under limits of one wallet, and the amounts that they count. */
export class LimitProbe {
  readonly wallet: string = `limited-${randomUUID()}`;
  readonly #store: HoldStore;
  readonly #prefix = randomUUID();
  /** The date of the store in UTC. */
  readonly day: number;

  private constructor(store: HoldStore, nowMs: number) {
    this.#store = store;
    this.day = Math.floor(nowMs / 86_400_000);
  }

  static async of(store: HoldStore): Promise<LimitProbe> {
    return new LimitProbe(store, (await store.get('no such reference')).nowMs);
  }

  async now(): Promise<number> {
    return (await this.#store.get('no such reference')).nowMs;
  }

  /** The outcome in words. */
  async hold(
    name: string,
    amountMinor: bigint,
    limits: Partial<DayLimits>,
    more: Partial<HoldRequest> = {},
  ): Promise<string> {
    return inWords(await this.ask(name, amountMinor, limits, more));
  }

  async ask(
    name: string,
    amountMinor: bigint,
    limits: Partial<DayLimits> | undefined,
    more: Partial<HoldRequest> = {},
  ): Promise<HoldOutcome> {
    const { epoch } = await this.#store.totals(this.wallet);
    return this.#store.hold({
      wallet: this.wallet,
      reference: `${this.#prefix}/${name}`,
      attempt: randomUUID(),
      currency: { code: 'KES', exponent: 2 },
      state: 'sent',
      expiresInMs: 60_000,
      sendsForMs: 60_000,
      epoch,
      limitMinor: 1_000_000n,
      metadata: {},
      amountMinor,
      ...more,
      limits: limits && this.#limits(limits),
    });
  }

  /** The outcomes of the payouts in words; of a batch that was refused, those that were. */
  async holdAll(
    policy: 'all' | 'fit',
    payouts: BatchOfTest,
    from?: { readonly name: string; readonly attempt: string },
  ): Promise<string[]> {
    const { epoch } = await this.#store.totals(this.wallet);
    const answer = await this.#store.holdAll({
      wallet: this.wallet,
      attempt: randomUUID(),
      currency: { code: 'KES', exponent: 2 },
      expiresInMs: 60_000,
      epoch,
      limitMinor: 1_000_000n,
      policy,
      from: from && { reference: `${this.#prefix}/${from.name}`, attempt: from.attempt },
      payouts: payouts.map(([name, amountMinor, limits]) => ({
        reference: `${this.#prefix}/${name}`,
        amountMinor,
        metadata: {},
        limits: this.#limits(limits),
      })),
    });
    if (answer.outcome === 'illegal') return [answer.outcome];
    const named =
      answer.outcome === 'refused'
        ? answer.refusals.map((refusal) => [refusal.reference.replace(`${this.#prefix}/`, ''), refusal] as const)
        : answer.holds.map((outcome, index) => [payouts[index]?.[0], outcome] as const);
    return named.map(([name, outcome]) => `${name}: ${inWords(outcome)}`);
  }

  #limits(limits: Partial<DayLimits>): DayLimits {
    const always = { startMs: 0, endMs: 2 ** 50, countSinceStart: true };
    return { day: this.day, ...always, ...limits };
  }

  async settle(
    name: string,
    request: SettleRequest extends infer Request
      ? Request extends unknown
        ? Omit<Request, 'reference'>
        : never
      : never,
  ): Promise<SettleOutcome> {
    return this.#store.settle({ reference: `${this.#prefix}/${name}`, ...request } as SettleRequest);
  }

  async accept(): Promise<void> {
    await this.#store.acceptLimits?.(this.wallet);
  }

  async active(): Promise<bigint> {
    return (await this.#store.totals(this.wallet)).active;
  }

  /** The sum of a day for the wallet or one of its payees, from the refusal of an amount that can never fit. */
  async used(payee = '', { day = this.day }: { day?: number } = {}): Promise<bigint> {
    const never = 10n ** 18n;
    const limits = payee ? { payee, perPayeeMinor: 1n } : { perDayMinor: 1n };
    const answer = await this.ask(`used ${randomUUID()}`, never, { day, ...limits });
    if (answer.outcome !== 'over_limit') throw new Error(`expected a refusal by the limit, got ${answer.outcome}`);
    return answer.usedMinor;
  }
}
