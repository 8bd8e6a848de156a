// Random histories of holds under daily limits, each answer compared with a sum over all holds.
import type { DayLimits, HoldAllRequest, HoldOutcome, HoldRequest, HoldStore } from 'payout-guard';
import { dayAt } from '../../src/core/day-bounds.js';
import { Random } from '../simulation/random.js';
import { type AskedHold, HeldSums, type ModelHold, perDayMinor, perPayeeMinor } from './held-sums.js';

/** The clock of the store, which the history moves. */
export interface MovableClock {
  now(): number;
  pass(ms: number): Promise<void> | void;
}

const timeZone = 'Africa/Nairobi';
const payees = ['payee-a', 'payee-b', 'payee-c'] as const;

/** Runs a history. @throws an error that names the first answer which is not that of the sum. */
export async function runHistory(store: HoldStore, clock: MovableClock, seed: number, steps = 120): Promise<void> {
  const history = new LimitHistory(store, clock, new Random(seed), `limits-${seed}`);
  for (let step = 1; step <= steps; step++) {
    await history.step();
    if (step % 8 === 0) await history.compareAll();
  }
  await history.compareAll();
}

class LimitHistory {
  readonly #store: HoldStore;
  readonly #clock: MovableClock;
  readonly #random: Random;
  readonly #wallet: string;
  readonly #sums = new HeldSums();
  readonly #log: string[] = [];
  #names = 0;

  constructor(store: HoldStore, clock: MovableClock, random: Random, wallet: string) {
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
    this.#wallet = wallet;
  }

  async step(): Promise<void> {
    const random = this.#random;
    const one = random.pick(this.#sums.open());
    const what = random.between(0, 11);
    if (what <= 3 || !one) await this.#hold();
    else if (what === 4) await this.#holdAll();
    else if (what === 5) await this.#repeat(one);
    else if (what === 6) await this.#pass();
    else if (what === 7) await this.#again();
    else if (what === 8) await this.#lateCapture();
    else await this.#settle(one);
  }

  /** Compares the counters of today and yesterday with the sums. */
  async compareAll(): Promise<void> {
    const today = dayAt(this.#clock.now(), timeZone).number;
    for (const day of [today, today - 1]) {
      for (const payee of [undefined, ...payees]) {
        const probe = payee ? { payee, perPayeeMinor: 0n } : { perDayMinor: 0n };
        const answer = await this.#store.hold(
          await this.#request(`probe-${++this.#names}`, 1n, 'probe', { ...this.#limits(undefined, day), ...probe }),
        );
        const used = answer.outcome === 'over_limit' ? answer.usedMinor : 0n;
        // A limit of 0 refuses everything, with the counter.
        if (answer.outcome !== 'over_limit') this.#fail(`a limit of 0 is answered ${answer.outcome}`);
        this.#expect(`counted on ${day} for ${payee ?? 'the wallet'}`, `${used}`, `${this.#sums.used(day, payee)}`);
      }
    }
  }

  async #hold(): Promise<void> {
    const random = this.#random;
    const payee = random.pick(payees);
    const amount = BigInt(random.between(1, 45));
    const reference = this.#name();
    const state = random.chance(0.5) ? 'reserved' : 'sent';
    const expiresInMs = random.between(1, 90 * 60_000);
    await this.#ask({ reference, amount, payee, state, expiresInMs, attempt: `attempt-${reference}` });
  }

  /** A reference that was released and not sent, by another attempt, perhaps on another day. */
  async #again(): Promise<void> {
    const known = this.#random.pick(this.#sums.ended(this.#clock.now()).filter(({ isUnsent }) => isUnsent));
    if (!known) return;
    const { reference, amount, payee } = known;
    const attempt = `attempt-${reference}-${++this.#names}`;
    await this.#ask({ reference, amount, payee, state: 'reserved', expiresInMs: 60 * 60_000, attempt }, known);
  }

  async #ask(asked: AskedHold, before?: ModelHold): Promise<void> {
    const { reference, amount, attempt, payee, state, expiresInMs } = asked;
    const limits = this.#limits(payee);
    const expected = this.#sums.outcome(amount, payee, limits.day);
    const request = await this.#request(reference, amount, attempt, limits);
    const answer = await this.#store.hold({ ...request, state, expiresInMs });
    this.#expect(`hold ${reference} of ${amount} for ${payee} on ${limits.day}`, inWords(answer), expected);
    if (expected !== 'held') return;
    if (before) this.#sums.remove(before);
    this.#sums.add(asked, limits.day, this.#clock.now());
  }

  async #holdAll(): Promise<void> {
    const random = this.#random;
    const policy = random.chance(0.5) ? 'all' : 'fit';
    const attempt = `batch-${++this.#names}`;
    const { day } = this.#limits(undefined);
    const asked = Array.from({ length: random.between(1, 4) }, () => {
      const [reference, payee] = [this.#name(), random.pick(payees)];
      const amount = BigInt(random.between(1, 30));
      return { reference, amount, attempt, payee, state: 'reserved' as const, expiresInMs: 60 * 60_000 };
    });
    const expected: string[] = [];
    const granted: ModelHold[] = [];
    for (const payout of asked) {
      const outcome = this.#sums.outcome(payout.amount, payout.payee, day);
      expected.push(`${payout.reference} ${outcome}`);
      if (outcome !== 'held') continue;
      // Counted for those that follow it in the batch.
      granted.push(this.#sums.add(payout, day, this.#clock.now()));
    }
    const isRefused = policy === 'all' && granted.length < asked.length;
    if (isRefused) for (const hold of granted) this.#sums.remove(hold);
    const { epoch } = await this.#store.totals(this.#wallet);
    const request: HoldAllRequest = {
      ...common(this.#wallet, epoch),
      attempt,
      expiresInMs: 60 * 60_000,
      policy,
      payouts: asked.map(({ reference, amount, payee }) => {
        return { reference, amountMinor: amount, metadata: {}, limits: this.#limits(payee) };
      }),
    };
    const answer = await this.#store.holdAll(request);
    const found =
      answer.outcome === 'done'
        ? answer.holds.map((outcome, index) => `${asked[index]?.reference} ${inWords(outcome)}`)
        : answer.outcome === 'refused'
          ? answer.refusals.map((refusal) => `${refusal.reference} ${inWords(refusal)}`)
          : [answer.outcome];
    const wanted = isRefused ? expected.filter((text) => !text.endsWith(' held')) : expected;
    this.#expect(`batch ${policy} on ${day}`, found.join(', '), wanted.join(', '));
  }

  /** The same request of the same attempt counts once. */
  async #repeat(hold: ModelHold): Promise<void> {
    const { reference, amount, attempt, payee, day, state } = hold;
    const limits = { ...this.#limits(payee), day };
    const request = await this.#request(reference, amount, attempt, limits);
    if (state !== 'reserved' && state !== 'sent') return;
    const answer = await this.#store.hold({ ...request, state });
    const wasSentLater = hold.state === 'sent' && hold.expiresAtMs === 0;
    this.#expect(`repeat ${reference}`, answer.outcome, wasSentLater ? answer.outcome : 'held');
  }

  async #settle(hold: ModelHold): Promise<void> {
    const random = this.#random;
    const { reference, attempt, amount } = hold;
    const to = random.pick(['sent', 'captured', 'captured', 'released', 'failed', 'reserved'] as const);
    if (hold.state === 'sent' && (to === 'sent' || to === 'reserved')) return;
    switch (to) {
      case 'sent':
        await this.#store.settle({ reference, attempt, to, sendsForMs: 60_000, sender: 'a handle' });
        hold.state = 'sent';
        hold.expiresAtMs = 0;
        break;
      case 'reserved': {
        const expiresInMs = random.between(1, 90 * 60_000);
        await this.#store.settle({ reference, attempt, to, expiresInMs });
        hold.expiresAtMs = this.#clock.now() + expiresInMs;
        break;
      }
      case 'captured': {
        const actualMinor = random.chance(0.5) ? undefined : BigInt(random.between(0, 2 * Number(amount)));
        const visibleInMs = random.chance(0.5) ? 0 : random.between(1, 60 * 60_000);
        await this.#store.settle({ reference, attempt, to, actualMinor, visibleInMs });
        hold.state = 'captured';
        hold.debit = actualMinor ?? amount;
        break;
      }
      default: {
        const notSent = random.chance(0.5);
        await this.#store.settle(to === 'released' ? { reference, attempt, to, notSent } : { reference, attempt, to });
        hold.isUnsent = to === 'released' && (notSent || hold.state === 'reserved');
        hold.state = 'released';
        hold.endedAtMs = this.#clock.now();
      }
    }
    this.#log.push(`${to} ${reference}`);
  }

  async #lateCapture(): Promise<void> {
    const hold = this.#random.pick(this.#sums.ended(this.#clock.now()));
    if (!hold) return;
    const { reference, attempt } = hold;
    const actualMinor = BigInt(this.#random.between(1, 30));
    const answer = await this.#store.settle({ reference, attempt, to: 'captured', actualMinor, visibleInMs: 0 });
    this.#expect(`late capture of ${reference}`, answer.outcome, 'late');
    hold.state = 'captured';
    hold.debit = actualMinor;
    hold.isUnsent = false;
  }

  async #pass(): Promise<void> {
    const { endMs } = dayAt(this.#clock.now(), timeZone);
    // Often to the last millisecond of the day, or the first one of the next.
    const untilEnd = endMs - this.#clock.now();
    const ms = this.#random.pick([this.#random.upTo(2 * 3_600_000), untilEnd, Math.max(1, untilEnd - 1)]);
    await this.#clock.pass(ms);
    this.#sums.expire(this.#clock.now());
    this.#log.push(`pass ${ms}`);
  }

  #limits(payee: string | undefined, on?: number): DayLimits {
    const { number: day, startMs, endMs } = dayAt(this.#clock.now(), timeZone);
    return { day: on ?? day, startMs, endMs, perDayMinor, payee, perPayeeMinor, countSinceStart: true };
  }

  async #request(reference: string, amountMinor: bigint, attempt: string, limits: DayLimits): Promise<HoldRequest> {
    const { epoch } = await this.#store.totals(this.#wallet);
    const times = { state: 'reserved', expiresInMs: 60_000, sendsForMs: 60_000 } as const;
    return { ...common(this.#wallet, epoch), ...times, reference, amountMinor, attempt, metadata: {}, limits };
  }

  #name(): string {
    return `${this.#wallet}/${++this.#names}`;
  }

  #expect(what: string, found: string, expected: string): void {
    this.#log.push(`${what}: ${found}`);
    if (found !== expected) this.#fail(`${what}: expected ${expected}, found ${found}`);
  }

  #fail(problem: string): never {
    throw new Error(`${this.#wallet}: ${problem}\n${this.#log.slice(-30).join('\n')}`);
  }
}

function common(wallet: string, epoch: string): Pick<HoldRequest, 'wallet' | 'epoch' | 'currency' | 'limitMinor'> {
  return { wallet, epoch, currency: { code: 'KES', exponent: 2 }, limitMinor: 10n ** 12n };
}

function inWords(answer: HoldOutcome): string {
  return answer.outcome === 'over_limit' ? `over ${answer.limit} at ${answer.usedMinor}` : answer.outcome;
}
