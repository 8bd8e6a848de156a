// Payouts of one process, each written as an application would write it: the bank is asked only after `withHold` has called, or
// `sent()` has resolved; what could not be settled is settled again until it can.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  BalanceUnavailableError,
  createPayoutGuard,
  DuplicateReferenceError,
  HoldConflictError,
  HoldStateError,
  InsufficientFundsError,
  type PayoutAnswer,
  type PayoutGuard,
  PayoutRejectedError,
} from 'payout-guard';
import { httpProvider } from 'payout-guard/providers/http';
import { z } from 'zod';
import type { Random } from '../simulation/random.js';
import { inMajor, type PayoutRequest } from './bank.js';
import {
  type Assignment,
  type FromPayer,
  lagMs,
  monotonicMs,
  type Payment,
  type Permission,
  type Quiet,
  shortLifeMs,
  type Wallet,
  wallets,
} from './messages.js';
import { type OpenStore, openStore } from './store.js';
import { Trail, watched } from './trail.js';

/** How long a settlement is repeated while the store cannot answer, in milliseconds. */
const insistMs = 30_000;
const repeatMs = 40;

interface Payout {
  readonly reference: string;
  readonly wallet: Wallet;
  readonly amount: bigint;
}

export class Till {
  readonly #assignment: Assignment;
  readonly #random: Random;
  readonly #tell: (message: FromPayer) => void;
  readonly #connection: OpenStore;
  readonly #guards: Record<Wallet, PayoutGuard>;
  /** Holds that were taken here and not ended, by reference. */
  readonly #open = new Map<string, bigint>();
  readonly #refused = new Set<string>();
  readonly #running = new Set<Promise<void>>();
  readonly #trail = new Trail();
  #count = 0;

  constructor(assignment: Assignment, random: Random, tell: (message: FromPayer) => void) {
    this.#assignment = assignment;
    this.#random = random;
    this.#tell = tell;
    const { store, close } = openStore(assignment, { host: '127.0.0.1', port: assignment.port });
    this.#connection = { store: watched(store, this.#trail, tell), close };
    this.#guards = { prompt: this.#guard('prompt', 0), late: this.#guard('late', lagMs) };
  }

  /** What happened to a hold, as this process saw it. */
  trailOf(reference: string): readonly string[] {
    return this.#trail.of(reference);
  }

  get underWay(): number {
    return this.#running.size;
  }

  payOut(): void {
    const { name } = this.#assignment;
    this.#count += 1;
    const payout = {
      reference: `${name}-${this.#count}`,
      wallet: this.#random.pick(wallets) as Wallet,
      amount: BigInt(this.#random.between(100, 1_000)),
    };
    const flow = this.#random.pick(flows) as Flow;
    this.#run(payout, () => this.#flows[flow](payout));
  }

  race(payout: Payout): void {
    this.#run(payout, () => this.#flows.onReturn(payout));
  }

  hearWebhook({ reference, wallet, actual }: Payment): void {
    const capture = async () => {
      await this.#guards[wallet].capture(reference, inMajor(actual));
    };
    const done = (error?: string) => this.#tell({ kind: 'webhook done', reference, error });
    this.#track(
      capture().then(
        () => done(),
        (error: Error) => done(`${error.name} ${error.message}`),
      ),
    );
  }

  /** By the guard that knows of the lag: it is given the holds of both wallets. */
  reconcile(): void {
    this.#track(
      this.#guards.late.reconcile({ olderThanMs: 200 }).then(
        () => {},
        (error: unknown) => this.#note('reconcile', error),
      ),
    );
  }

  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async beliefs(): Promise<Omit<Quiet, 'stalledMs'>> {
    const totals = await Promise.resolve(this.#connection.store.totals('prompt')).catch(() => undefined);
    const open = [...this.#open].map(([reference, amount]) => ({ reference, amount }));
    return { open, refused: [...this.#refused], epoch: totals?.epoch };
  }

  async close(): Promise<void> {
    await Promise.all(wallets.map((wallet) => this.#guards[wallet].close()));
    await this.#connection.close();
  }

  readonly #flows: Record<Flow, (payout: Payout) => Promise<void>> = {
    /** Captured with what was held, when the call returns. */
    onReturn: async (payout) => {
      const heldFrom = monotonicMs();
      await this.#guards[payout.wallet].withHold({ ...asked(payout), settles: 'onReturn' }, async (hold) => {
        this.#permitted(payout, heldFrom);
        await this.#pay(payout, { actual: payout.amount, isWebhook: false }).catch((error: unknown) => {
          if (error instanceof PayoutRejectedError) this.#settleLater(payout, () => hold.release());
          throw error;
        });
        this.#settleLater(payout, () => hold.capture());
      });
    },

    /** Captured by the payment code, with what the bank debited. */
    exact: async (payout) => {
      const heldFrom = monotonicMs();
      const actual = this.#actual(payout.amount);
      await this.#guards[payout.wallet].withHold(asked(payout), async (hold) => {
        this.#permitted(payout, heldFrom);
        await this.#pay(payout, { actual, isWebhook: false }).catch((error: unknown) => {
          if (error instanceof PayoutRejectedError) this.#settleLater(payout, () => hold.release());
          throw error;
        });
        await this.#settle(payout, 'captured', () => hold.capture(inMajor(actual)));
      });
    },

    /** Captured by whichever process hears of it from the bank. */
    webhook: async (payout) => {
      const heldFrom = monotonicMs();
      await this.#guards[payout.wallet].withHold({ ...asked(payout), settles: 'later' }, async () => {
        this.#permitted(payout, heldFrom);
        await this.#pay(payout, { actual: this.#actual(payout.amount), isWebhook: true });
      });
    },

    /** Reserved first. */
    reserve: async (payout) => {
      const heldFrom = monotonicMs();
      const hold = await this.#guards[payout.wallet].hold(asked(payout));
      const heldAt = monotonicMs();
      this.#taken(payout);
      await this.#pause();
      if (this.#random.chance(0.2)) return this.#settle(payout, 'released', () => hold.release());
      const askedAt = monotonicMs();
      try {
        await hold.sent();
      } catch (error) {
        // It was not sent, and the money is given back. Whether the store heard of it does not matter.
        if (!(error instanceof BalanceUnavailableError)) throw error;
        this.#tell({ kind: 'unavailable' });
        return this.#settle(payout, 'released', () => hold.release());
      }
      this.#tell({ kind: 'permitted', ...payout, heldFrom, heldAt, askedAt, answeredAt: monotonicMs() });
      const actual = this.#actual(payout.amount);
      try {
        await this.#pay(payout, { actual, isWebhook: false });
      } catch (error) {
        if (!(error instanceof PayoutRejectedError)) throw error;
        return this.#settle(payout, 'released', () => hold.release());
      }
      await this.#settle(payout, 'captured', () => hold.capture(inMajor(actual)));
    },

    /** Reserved, and not sent in time: it must be too late then, whatever this process believes the time to be. */
    expire: async (payout) => {
      const hold = await this.#guards[payout.wallet].hold({ ...asked(payout), expiresInMs: shortLifeMs });
      this.#taken(payout);
      await sleep(2 * shortLifeMs);
      try {
        await hold.sent();
        this.#tell({ kind: 'problem', problem: `${payout.reference} was marked as sent after it had expired` });
      } catch (error) {
        if (!(error instanceof HoldStateError || error instanceof BalanceUnavailableError)) throw error;
      }
      this.#open.delete(payout.reference);
      this.#refused.add(payout.reference);
    },

    /** Sent, and its outcome is not known before the run is over. */
    keep: async (payout) => {
      const heldFrom = monotonicMs();
      await this.#guards[payout.wallet].hold({ ...asked(payout), state: 'sent' });
      this.#permitted(payout, heldFrom);
    },
  };

  #guard(wallet: Wallet, visibilityLagMs: number): PayoutGuard {
    const { bankUrl, floorMinor } = this.#assignment;
    const provider = httpProvider({
      name: 'bank',
      url: ({ wallet: asked }) => `${bankUrl}/balance/${asked}`,
      schema: z.object({ available: z.string(), currency: z.string() }),
      select: (body) => body,
      debitVisibleAt: 'completion',
      wallets: 'many',
    });
    const guard = createPayoutGuard({
      provider,
      currency: 'KES',
      wallet,
      floor: inMajor(floorMinor),
      store: this.#connection.store,
      cache: { maxAgeMs: 2_000 },
      minRefreshMs: 100,
      visibilityLagMs,
      reconcileEveryMs: 0,
      overdueAfterMs: 1_000,
      lookup: ({ reference, signal }) => this.#lookUp(reference, signal),
    });
    const ended = ({ hold }: { hold: { reference: string } }) => void this.#open.delete(hold.reference);
    guard.on('captured', ended);
    guard.on('released', ended);
    // Somebody listens, so that the guard need not warn.
    guard.on('overdue', () => {});
    return guard;
  }

  #run(payout: Payout, flow: () => Promise<void>): void {
    const again = async (error: unknown) => {
      this.#note(payout.reference, error);
      // Nothing was held, as far as a client knows: it asks once more under the same reference.
      if (!(error instanceof BalanceUnavailableError) || this.#open.has(payout.reference)) return;
      await this.#pause();
      await flow().catch((later: unknown) => {
        // It may have been held all the same. Then that is being undone, and the client has to wait.
        if (!(later instanceof DuplicateReferenceError)) this.#note(payout.reference, later);
      });
    };
    this.#track(flow().catch(again));
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }

  #permitted(payout: Payout, heldFrom: number): void {
    const heldAt = monotonicMs();
    const { reference, wallet, amount } = payout;
    this.#taken(payout);
    const permission: Permission = {
      reference,
      wallet,
      amount,
      heldFrom,
      heldAt,
      askedAt: heldFrom,
      answeredAt: heldAt,
    };
    this.#tell({ kind: 'permitted', ...permission });
  }

  #taken({ reference, amount }: Payout): void {
    this.#open.set(reference, amount);
    this.#refused.delete(reference);
  }

  /** What the bank really takes, now and then: less than was held, or more. */
  #actual(amount: bigint): bigint {
    if (this.#random.chance(0.5)) return amount;
    return amount + BigInt(this.#random.between(-90, 60));
  }

  #pause(): Promise<void> {
    return sleep(this.#random.upTo(150));
  }

  /** @throws `PayoutRejectedError` when the bank says no, and whatever `fetch` throws when it says nothing. */
  async #pay({ reference, wallet, amount }: Payout, how: { actual: bigint; isWebhook: boolean }): Promise<void> {
    const random = this.#random;
    const fate = random.chance(0.1) ? 'rejected' : !how.isWebhook && random.chance(0.05) ? 'answer lost' : 'paid';
    // A few take so long that they outlive a recovery window.
    const delayMs = random.chance(0.15) ? random.between(500, 1_200) : random.upTo(150);
    const { isWebhook, actual } = how;
    const request: PayoutRequest = {
      reference,
      wallet,
      amount: `${amount}`,
      actual: `${actual}`,
      delayMs,
      fate: isWebhook ? 'paid' : fate,
      isWebhook,
    };
    const body = JSON.stringify(request);
    const response = await fetch(`${this.#assignment.bankUrl}/payouts`, { method: 'POST', body });
    const { status } = (await response.json()) as { status: string };
    if (status === 'rejected') throw new PayoutRejectedError();
  }

  /** `withHold` settles by itself after this; if the store fails then, the hold is settled as soon as it is back. */
  #settleLater(payout: Payout, settle: () => Promise<unknown>): void {
    const stop = this.#guards[payout.wallet].on('unsettled', ({ reference, error }) => {
      if (reference !== payout.reference) return;
      stop();
      if (error instanceof BalanceUnavailableError) {
        this.#track(this.#settle(payout, 'captured', settle).catch((later: unknown) => this.#note(reference, later)));
      } else this.#note(reference, error);
    });
    setTimeout(stop, 2_000).unref();
  }

  async #settle(payout: Payout, as: 'captured' | 'released', settle: () => Promise<unknown>): Promise<void> {
    const endMs = monotonicMs() + insistMs;
    for (;;) {
      try {
        await settle();
        this.#open.delete(payout.reference);
        return;
      } catch (error) {
        if (!(error instanceof BalanceUnavailableError)) throw error;
        if (monotonicMs() > endMs) throw new Error(`${payout.reference} could not be ${as} in ${insistMs} ms`);
        await sleep(repeatMs);
      }
    }
  }

  async #lookUp(reference: string, signal: AbortSignal): Promise<PayoutAnswer> {
    const url = `${this.#assignment.bankUrl}/lookup/${encodeURIComponent(reference)}`;
    const { outcome, debited } = (await (await fetch(url, { signal })).json()) as { outcome: string; debited: string };
    if (outcome === 'paid') return { outcome: 'completed', debited };
    return { outcome: outcome === 'rejected' ? 'failed' : outcome === 'pending' ? 'pending' : 'unknown' };
  }

  /** What may go wrong is counted; anything else is a problem. */
  #note(what: string, error: unknown): void {
    if (error instanceof BalanceUnavailableError || error instanceof InsufficientFundsError) {
      if (!this.#open.has(what) && !what.startsWith('race')) this.#refused.add(what);
      this.#tell({ kind: error instanceof BalanceUnavailableError ? 'unavailable' : 'refused' });
      return;
    }
    if (error instanceof DuplicateReferenceError || error instanceof HoldConflictError) {
      if (what.startsWith('race')) return;
    }
    const { name, message, cause } = error as Error;
    // The bank may swallow its answer, or refuse.
    if (error instanceof PayoutRejectedError || (name === 'TypeError' && message === 'fetch failed')) return;
    this.#tell({ kind: 'problem', problem: `${what}: ${name} ${message} ${cause ?? ''}` });
  }
}

type Flow = 'onReturn' | 'exact' | 'webhook' | 'reserve' | 'expire' | 'keep';
/** As often as they stand here. */
const flows: readonly Flow[] = [
  ...Array<Flow>(6).fill('onReturn'),
  ...Array<Flow>(6).fill('exact'),
  ...Array<Flow>(3).fill('webhook'),
  ...Array<Flow>(6).fill('reserve'),
  'expire',
  'keep',
];

function asked({ reference, amount, wallet }: Payout): { reference: string; amount: string; wallet: string } {
  return { reference, amount: inMajor(amount), wallet };
}
