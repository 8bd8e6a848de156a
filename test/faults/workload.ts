// The payouts of one process, and the webhooks it receives.
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { PayoutGuard, WalletTotals } from 'payout-guard';
import { monotonicMs } from '../processes/child.js';
import type { Random } from '../simulation/random.js';
import { inMajor } from './bank.js';
import { BankClient } from './bank-client.js';
import { codeOf, Flows, flows } from './flows.js';
import { type Guards, openGuards } from './guards.js';
import { KnownPayouts, type Payout } from './known-payouts.js';
import { type Assignment, type FromPayer, type Payment, type Quiet, wallets } from './messages.js';
import { PayoutApi, RouteRefusal } from './payout-api.js';
import { type OpenStore, openStore } from './store.js';
import { observed, StoreLog } from './store-log.js';

/** Time in which every outcome must reach the store, unless something hangs, in milliseconds. */
const deliverWithinMs = 60_000;
const lookAgainMs = 40;

interface Parts {
  readonly assignment: Assignment;
  readonly random: Random;
  readonly send: (message: FromPayer) => void;
  readonly connection: OpenStore;
  readonly log: StoreLog;
  readonly known: KnownPayouts;
  readonly guards: Guards;
}

export class Workload {
  readonly #parts: Parts;
  /** With what they are about. */
  readonly #underWay = new Map<Promise<void>, string>();
  #flows!: Flows;
  #api!: PayoutApi;
  #count = 0;

  static async open(assignment: Assignment, random: Random, send: (message: FromPayer) => void): Promise<Workload> {
    const log = new StoreLog();
    const known = new KnownPayouts(send);
    const { store, close } = await openStore(assignment, assignment.address);
    const onAnswer: Parameters<typeof observed>[2]['onAnswer'] = ({ reference }, { outcome }) => {
      if (outcome !== 'recovering') known.answered(reference, outcome === 'done' || outcome === 'already');
    };
    const connection = { store: observed(store, log, { send, onAnswer }), close };
    const bank = new BankClient(assignment.bankUrl);
    const guards = openGuards(assignment, connection.store, bank, send);
    const workload = new Workload({ assignment, random, send, connection, log, known, guards });
    const api = await PayoutApi.open({
      guards,
      known,
      random,
      pay: (payout, hold) => workload.#flows.pay(payout, hold),
      track: (work) => workload.#track('a request', work),
    });
    workload.#api = api;
    workload.#flows = new Flows({ guards, bank, api, known, random, send });
    return workload;
  }

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The requests about a reference, and the answers of the store. */
  logOf(reference: string): readonly string[] {
    return this.#parts.log.of(reference);
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  payOut(): void {
    const { assignment, random } = this.#parts;
    this.#count += 1;
    const payout = {
      reference: `${assignment.name}-${this.#count}`,
      wallet: random.pick(wallets),
      amount: BigInt(random.between(100, 1_000)),
    } as Payout;
    const flow = random.pick(flows) ?? 'judged';
    this.#run(payout, () => this.#flows.run(flow, payout));
  }

  /** Makes a payout that another process makes as well. */
  race(payout: Payout): void {
    this.#run(payout, () => this.#flows.onReturn(payout));
  }

  receiveWebhook(payment: Payment): void {
    const { reference } = payment;
    const done = (error?: string) => this.#parts.send({ kind: 'webhook done', reference, error });
    this.#track(
      `the webhook of ${reference}`,
      this.#processWebhook(payment).then(
        () => done(),
        (error: Error) => done(`${error.name} ${error.message}`),
      ),
    );
  }

  /** Looks up what every process has left open. */
  reconcile(): void {
    for (const guard of this.#parts.guards.all) {
      const work = guard.reconcile({ olderThanMs: 200 });
      this.#track(
        'reconcile',
        work.catch((error) => this.#classify('reconcile', error)),
      );
    }
  }

  /** Resolves when nothing is under way, and the store has answered every outcome that is known here. */
  async idle(): Promise<void> {
    const { known, send } = this.#parts;
    const endMs = monotonicMs() + deliverWithinMs;
    while (this.#underWay.size > 0 || known.undelivered.length > 0) {
      const late = sleep(Math.max(0, endMs - monotonicMs()), undefined, { ref: false });
      await Promise.race([Promise.all(this.#underWay.keys()), late]);
      await turn();
      if (this.#underWay.size === 0 && known.undelivered.length > 0) await sleep(lookAgainMs);
      if (monotonicMs() > endMs) {
        const left = [...this.#underWay.values(), ...known.undelivered.map((one) => `the outcome of ${one}`)];
        send({ kind: 'problem', problem: `no end within ${deliverWithinMs} ms: ${left.join(', ')}` });
        return;
      }
    }
  }

  async knowledge(): Promise<Omit<Quiet, 'stalledMs'>> {
    const { epoch } = await this.#totals(monotonicMs() + deliverWithinMs);
    return { ...this.#parts.known.summary, epoch };
  }

  async close(): Promise<void> {
    const { guards, connection } = this.#parts;
    await this.#api.close();
    await Promise.all(guards.all.map((guard) => guard.close()));
    await connection.close();
  }

  /**
   * By the word of the webhook, or as a reason to ask the bank. Now and then it arrives at a guard of the other wallet
   * first.
   */
  async #processWebhook({ reference, wallet, actual }: Payment): Promise<void> {
    const { guards, random } = this.#parts;
    const guard = guards.of[wallet];
    const other = guards.all.find((one) => one !== guard);
    if (other && random.chance(0.3)) await this.#misdeliver(other, reference);
    if (random.chance(0.5)) {
      await guard.capture(reference, inMajor(actual));
      return;
    }
    await guard.reconcile({ reference });
    const hold = await guard.getHold(reference);
    if (hold?.state !== 'captured') throw new Error(`the hold is ${hold?.state} after the look-up`);
  }

  /** A guard of other wallets must neither settle it nor look it up. */
  async #misdeliver(guard: PayoutGuard, reference: string): Promise<void> {
    const isTaken = this.#parts.random.chance(0.5)
      ? guard.capture(reference).then(() => true)
      : guard.reconcile({ reference }).then(({ captured, released, open }) => captured + released + open > 0);
    // It has no such hold where the store has lost it.
    const expected = ['foreign_wallet', 'balance_unavailable', 'hold_state'];
    if (!(await isTaken.catch((error) => !expected.includes(`${codeOf(error)}`)))) return;
    this.#parts.send({ kind: 'problem', problem: `${reference} was taken by a guard of the other wallet` });
  }

  /** Repeats a request once when it was refused because the balance was not available, as a client would. */
  #run(payout: Payout, flow: () => Promise<unknown>): void {
    const again = async (error: unknown) => {
      if (codeFrom(error) === 'hold_state' && (await this.#hasEpochEnded(payout.reference))) {
        this.#parts.known.refused(payout.reference);
        this.#parts.send({ kind: 'unavailable' });
        return;
      }
      if (this.#classify(payout.reference, error) !== 'balance_unavailable') return;
      await sleep(this.#parts.random.upTo(150));
      await flow().catch((later: unknown) => {
        // The hold of the first request may still be about to be released. Any other answer for its reference is a
        // problem.
        if (codeFrom(later) !== 'payout_in_progress') this.#classify(payout.reference, later);
      });
    };
    this.#track(payout.reference, flow().catch(again));
  }

  /** Returns true if the epoch in which it was held is over: a reservation ends with it. */
  async #hasEpochEnded(reference: string): Promise<boolean> {
    const { epoch } = await this.#totals(monotonicMs() + deliverWithinMs);
    return !this.#parts.log.of(reference).some((line) => line.includes('"outcome":"held"') && line.includes(epoch));
  }

  #track(what: string, work: Promise<unknown>): void {
    const tracked = work.then(() => void this.#underWay.delete(tracked));
    this.#underWay.set(tracked, what);
  }

  /** Asked again while the store takes longer than its deadline, as it may on a busy machine. */
  async #totals(endMs: number): Promise<WalletTotals> {
    try {
      return await this.#parts.connection.store.totals('prompt');
    } catch (error) {
      if (monotonicMs() > endMs) throw error;
      await sleep(lookAgainMs);
      return this.#totals(endMs);
    }
  }

  /** Counts what may go wrong; anything else is a problem. Resolves to the code of the refusal. */
  #classify(what: string, error: unknown): string | undefined {
    const { known, send } = this.#parts;
    const code = codeFrom(error);
    switch (code) {
      case 'balance_unavailable':
      case 'insufficient_funds':
        if (!what.startsWith('race')) known.refused(what);
        send({ kind: code === 'balance_unavailable' ? 'unavailable' : 'refused' });
        return code;
      case 'payout_in_progress':
      case 'duplicate_reference':
        if (what.startsWith('race')) return code;
        break;
      // The bank refused it.
      case 'payout_rejected':
      case 'rejected':
        return code;
    }
    const { name, message, cause } = error as Error;
    // The bank may swallow its answer, also that to a route, and a client may leave.
    if ((code ?? `${error}`) === 'TypeError: fetch failed') return undefined;
    send({ kind: 'problem', problem: `${what}: ${name} ${message} ${cause ?? ''}` });
    return code;
  }
}

function codeFrom(error: unknown): string | undefined {
  return error instanceof RouteRefusal ? error.code : codeOf(error);
}
