// Looks up undecided payouts by timer or on request, of all processes: what a crash or a lost answer left open.
import { randomUUID } from 'node:crypto';
import { askStore, readHold } from './ask-store.js';
import { runAfter } from './clock.js';
import { sharedController, untilAborted } from './deadline.js';
import { BalanceUnavailableError } from './errors.js';
import type { Events, Reconciliation } from './events.js';
import { type HoldRecord, isUndecided } from './hold.js';
import type { Identities } from './identities.js';
import type { ResolvedOptions } from './options.js';
import type { Fate, Outcomes } from './outcomes.js';
import { parseReference } from './reference.js';
import type { ClaimPage, ClaimRequest } from './store.js';
import type { Wallet } from './wallet.js';
import type { Wallets } from './wallets.js';
import { warn } from './warn.js';

/** Holds of one wallet that are asked about at the same time. */
const pageSize = 10;
/** Wallets that are looked at at the same time. */
const walletsAtOnce = 8;
/**
 * No other process looks at the holds of a page meanwhile, in milliseconds: as long as the slowest look-up may take.
 */
const leaseMs = 60_000;
/** A wallet is an orphan when no process has looked at its holds for so long, in milliseconds. */
const orphanAfterMs = 900_000;

export class Reconciler {
  readonly #options: ResolvedOptions;
  readonly #wallets: Wallets;
  readonly #identities: Identities;
  readonly #outcomes: Outcomes;
  readonly #events: Events;
  readonly #owner = randomUUID();
  readonly #closing = sharedController();
  #cancelTimer = () => {};
  #running: Promise<Reconciliation> | undefined;

  constructor(parts: {
    options: ResolvedOptions;
    wallets: Wallets;
    identities: Identities;
    outcomes: Outcomes;
    events: Events;
  }) {
    this.#options = parts.options;
    this.#wallets = parts.wallets;
    this.#identities = parts.identities;
    this.#outcomes = parts.outcomes;
    this.#events = parts.events;
    if (parts.options.reconcileEveryMs > 0) this.#startTimer();
  }

  /** Looks at every undecided hold of at least this age, one run after the other. */
  async run(olderThanMs: number = this.#options.overdueAfterMs): Promise<Reconciliation> {
    while (this.#running !== undefined) await this.#running.catch(() => {});
    this.#running = this.#run(olderThanMs).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Looks at one hold, however young. */
  async runOne(reference: string, find: (hold: HoldRecord) => Promise<Wallet>): Promise<Reconciliation> {
    const fate = await this.learnOne(reference, find);
    return summary(fate ? [fate] : []);
  }

  /**
   * Looks at one hold, however young: for a webhook, which is a hint to ask and not an answer. Undefined if there is
   * no such hold, or it is decided.
   */
  async learnOne(reference: string, find: (hold: HoldRecord) => Promise<Wallet>): Promise<Fate | undefined> {
    const { hold, nowMs } = await readHold(this.#options.store, parseReference(reference));
    if (!hold || !isUndecided(hold)) return undefined;
    return this.#outcomes.learn(await find(hold), hold, nowMs, true);
  }

  async close(): Promise<void> {
    this.#cancelTimer();
    this.#closing.abort(new BalanceUnavailableError('closed'));
    await this.#running?.catch(() => {});
  }

  #startTimer(): void {
    const { clock, reconcileEveryMs } = this.#options;
    this.#cancelTimer = runAfter(clock, reconcileEveryMs, () => {
      this.#startTimer();
      void this.#runByTimer();
    });
  }

  // A run by timer has no caller to reject to. A store that is down is asked again next time, and reported until then.
  async #runByTimer(): Promise<void> {
    if (this.#running !== undefined) return;
    try {
      await this.run();
    } catch (error) {
      if (!this.#closing.signal.aborted)
        warn('PAYOUT_GUARD_RECONCILE', 'Overdue payouts could not be looked up.', error);
    }
  }

  async #run(olderThanMs: number): Promise<Reconciliation> {
    const wallets = this.#wallets.isDynamic ? await this.#discover(olderThanMs) : this.#wallets.known();
    const fates: Fate[] = [];
    const queue = [...wallets];
    const work = async () => {
      for (let wallet = queue.shift(); wallet; wallet = queue.shift()) {
        fates.push(...(await this.#runWallet(wallet, olderThanMs)));
      }
    };
    await Promise.all(Array.from({ length: Math.min(walletsAtOnce, queue.length) }, work));
    await this.#reportOrphans(olderThanMs);

    const overdue = fates.filter(({ isOverdue }) => isOverdue).length;
    const reconciliation = summary(fates);
    this.#events.emit('reconciled', () => ({ ...reconciliation, overdue }));
    this.#warnUnheard(overdue, reconciliation.neverSeen.length);
    return reconciliation;
  }

  async #runWallet(wallet: Wallet, olderThanMs: number): Promise<Fate[]> {
    try {
      await this.#identities.checkOnce(wallet);
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'configuration') throw error;
      warn('PAYOUT_GUARD_WALLET', `Payouts of wallet ${wallet.key} are not looked up.`, error);
      return [];
    }
    const fates: Fate[] = [];
    let after: string | undefined;
    do {
      const page = await this.#claim({ wallets: [wallet.key], olderThanMs, limit: pageSize, after });
      const learned = page.holds.map((hold) => this.#outcomes.learn(wallet, hold, page.nowMs));
      fates.push(...(await untilAborted(Promise.all(learned), this.#closing.signal)));
      after = page.next;
    } while (after !== undefined);
    return fates;
  }

  /** The wallets with undecided payouts that the application finds by their keys. */
  async #discover(olderThanMs: number): Promise<readonly Wallet[]> {
    const seen = new Set<string>();
    const found: Wallet[] = [];
    for (;;) {
      const page = await this.#claim({ wallets: [...seen], olderThanMs, limit: 0, unservedForMs: 0 });
      const keys = page.unserved.filter((key) => !seen.has(key));
      if (keys.length === 0) return found;
      for (const key of keys) seen.add(key);
      const wallets = await Promise.all(keys.map((key) => this.#served(key)));
      found.push(...wallets.filter((wallet) => wallet !== undefined));
    }
  }

  async #reportOrphans(olderThanMs: number): Promise<void> {
    const known = this.#wallets.known().map(({ key }) => key);
    const unservedForMs = Math.max(orphanAfterMs, olderThanMs);
    const { unserved } = await this.#claim({ wallets: known, olderThanMs, limit: 0, unservedForMs });
    for (const wallet of unserved) {
      if (await this.#served(wallet)) continue;
      this.#events.alert('orphanWallet', () => ({ wallet }), {
        code: 'PAYOUT_GUARD_ORPHAN',
        message:
          `The store has undecided payouts of wallet ${wallet}, and no process serves it: add it to the ` +
          '`wallets` of a guard.',
      });
    }
  }

  /** One wallet that cannot be found must not keep the others from being looked at. */
  async #served(key: string): Promise<Wallet | undefined> {
    try {
      return await this.#wallets.served(key);
    } catch (error) {
      warn('PAYOUT_GUARD_WALLET', `Payouts of wallet ${key} are not looked up: it cannot be found.`, error);
      return undefined;
    }
  }

  #claim(request: Pick<ClaimRequest, 'wallets' | 'olderThanMs' | 'limit'> & Partial<ClaimRequest>): Promise<ClaimPage> {
    this.#closing.signal.throwIfAborted();
    const claim = { owner: this.#owner, leaseMs, unservedForMs: orphanAfterMs, ...request };
    const page = Promise.resolve(askStore(this.#options.store, (store) => store.claim(claim)));
    return untilAborted(page, this.#closing.signal);
  }

  // Overdue holds are never silent: an application that mounts the guard and adds no listener is warned all the same.
  #warnUnheard(overdue: number, neverSeen: number): void {
    if (overdue > 0 && !this.#events.isHandled('overdue')) {
      warn(
        'PAYOUT_GUARD_OVERDUE',
        `The outcome of ${overdue} payout(s) is overdue; their money stays held. List them with listHolds({ state: ` +
          "'sent' }).",
      );
    }
    if (neverSeen > 0 && !this.#events.isHandled('neverSeen')) {
      warn(
        'PAYOUT_GUARD_NEVER_SEEN',
        `The provider has no record of ${neverSeen} overdue payout(s). Release those that were never sent: ` +
          'reconcile() lists them as neverSeen.',
      );
    }
  }
}

function summary(fates: readonly Fate[]): Reconciliation {
  const countOf = (wanted: Fate['end']) => fates.filter(({ end }) => end === wanted).length;
  return {
    captured: countOf('captured'),
    released: countOf('released'),
    open: countOf('open'),
    neverSeen: fates.flatMap(({ neverSeen }) => neverSeen ?? []),
  };
}
