// A store as the tests of the contract ask it, and what they read from its answers.
import { randomUUID } from 'node:crypto';
import type { HoldRecord } from '../../core/hold.js';
import type {
  BatchPayout,
  ClaimPage,
  ClaimRequest,
  Freeze,
  HoldAllOutcome,
  HoldAllRequest,
  HoldOutcome,
  HoldPage,
  HoldRequest,
  HoldStore,
  SettleOutcome,
  SettleRequest,
} from '../../core/store.js';

type Settlement = WithoutReference<SettleRequest>;
type WithoutReference<Request> = Request extends unknown ? Omit<Request, 'reference'> : never;

/** Name, amount, and what else there is of a payout. */
export type Payout = readonly [name: string, amountMinor: bigint, more?: Partial<BatchPayout>];

/** Defines the test of a rule, on a store of its own. */
export type DefineRule = (title: string, test: (store: Probe) => Promise<void>) => unknown;

/** A store with a wallet and references of its own, so that tests on one engine do not meet. */
export class Probe {
  readonly wallet: string = `wallet-${randomUUID()}`;
  readonly #store: HoldStore;
  readonly #prefix = randomUUID();

  constructor(store: HoldStore) {
    this.#store = store;
  }

  async epoch(): Promise<string> {
    return (await this.#store.totals(this.wallet)).epoch;
  }

  async totals(wallet: string = this.wallet): Promise<{ active: bigint; captured: bigint }> {
    const { active, captured } = await this.#store.totals(wallet);
    return { active, captured };
  }

  async freeze(reason: string | undefined): Promise<void> {
    await this.#store.freeze(this.wallet, reason);
  }

  async frozen(): Promise<Freeze | undefined> {
    return (await this.#store.totals(this.wallet)).frozen;
  }

  async note(name: string): Promise<string | undefined> {
    return this.#store.note(this.reference(name));
  }

  async swapNote(name: string, expected: string | undefined, value: string | undefined): Promise<boolean> {
    return this.#store.swapNote(this.reference(name), expected, value);
  }

  async hold(name: string, request: Partial<HoldRequest> & { amountMinor: bigint }): Promise<HoldOutcome> {
    return this.#store.hold({
      wallet: this.wallet,
      reference: this.reference(name),
      attempt: randomUUID(),
      currency: { code: 'UGX', exponent: 0 },
      state: 'sent',
      expiresInMs: 60_000,
      sendsForMs: 60_000,
      epoch: await this.epoch(),
      limitMinor: 1_000_000n,
      metadata: {},
      ...request,
    });
  }

  /** Holds payouts by name and amount in one step. */
  async holdAll(payouts: readonly Payout[], request: Partial<HoldAllRequest> = {}): Promise<HoldAllOutcome> {
    return this.#store.holdAll({
      wallet: this.wallet,
      attempt: randomUUID(),
      currency: { code: 'UGX', exponent: 0 },
      expiresInMs: 60_000,
      epoch: await this.epoch(),
      limitMinor: 1_000_000n,
      policy: 'all',
      payouts: payouts.map(([name, amountMinor, more]) => ({
        reference: this.reference(name),
        amountMinor,
        metadata: {},
        ...more,
      })),
      ...request,
    });
  }

  /** The names of a batch's payouts that were not held, with the outcome of each. */
  refused(answer: HoldAllOutcome): [string, string][] {
    if (answer.outcome !== 'refused') throw new Error(`expected refusals, got ${answer.outcome}`);
    return answer.refusals.map(({ reference, outcome }) => [reference.replace(`${this.#prefix}/`, ''), outcome]);
  }

  async settle(settlement: Settlement, name: string): Promise<SettleOutcome> {
    return this.#store.settle({ ...settlement, reference: this.reference(name) } as SettleRequest);
  }

  async get(name: string): Promise<HoldRecord | undefined> {
    return (await this.#store.get(this.reference(name))).hold;
  }

  async page(filter: Parameters<HoldStore['list']>[0]): Promise<HoldPage> {
    return this.#store.list(filter);
  }

  /** The names on each page. */
  async listed(filter: Parameters<HoldStore['list']>[0]): Promise<string[][]> {
    const pages: string[][] = [];
    for (let after: string | undefined; pages.length < 20; ) {
      const page = await this.#store.list({ ...filter, after });
      pages.push(page.holds.map((hold) => this.#name(hold)));
      if (page.next === undefined) return pages;
      after = page.next;
    }
    throw new Error('the list does not end');
  }

  async claim(request: Partial<ClaimRequest> & Pick<ClaimRequest, 'owner' | 'wallets'>): Promise<ClaimPage> {
    return this.#store.claim({ olderThanMs: 0, leaseMs: 60_000, limit: 100, unservedForMs: 60_000, ...request });
  }

  /** The names of holds of this probe's wallet that are claimed. */
  async claimed(owner: string, request: { olderThanMs: number; leaseMs: number }): Promise<string[]> {
    return (await this.claimedInPages(owner, 1_000, request)).flat();
  }

  /** The same names on each page. */
  async claimedInPages(owner: string, limit: number, request: Partial<ClaimRequest> = {}): Promise<string[][]> {
    const pages: string[][] = [];
    for (let after: string | undefined; pages.length < 1_000; ) {
      const page = await this.claim({ owner, wallets: [this.wallet], ...request, limit, after });
      pages.push(page.holds.map((hold) => this.#name(hold)));
      if (page.next === undefined) return pages;
      after = page.next;
    }
    throw new Error('the claims do not end');
  }

  /** This probe's wallets among those that are reported as unserved. An engine may be shared by many tests. */
  async unserved(request: Omit<ClaimRequest, 'after'>): Promise<string[]> {
    const own = new Set<string>();
    const others: string[] = [...request.wallets];
    for (let pages = 0; pages < 1_000; pages++) {
      const { unserved } = await this.claim({ ...request, wallets: others });
      const found = unserved.filter((wallet) => !others.includes(wallet));
      if (found.length === 0) return [...own].sort();
      for (const wallet of found) if (wallet.startsWith(this.wallet)) own.add(wallet);
      others.push(...found);
    }
    throw new Error('the unserved wallets do not end');
  }

  reference(name: string): string {
    // A name that means something to JavaScript only does so as it is.
    return /^(__proto__|constructor|toString|hasOwnProperty)$/.test(name) ? name : `${this.#prefix}/${name}`;
  }

  #name(hold: HoldRecord): string {
    return hold.reference.replace(`${this.#prefix}/`, '');
  }
}

export function totalsOf(answer: HoldOutcome): { active: bigint; captured: bigint } {
  if (!('totals' in answer)) throw new Error(`expected totals, got ${answer.outcome}`);
  const { active, captured } = answer.totals;
  return { active, captured };
}

/** Without what is undefined: a store may leave it out. */
export function known(answer: HoldOutcome): unknown {
  return JSON.parse(JSON.stringify(answer, (_, value) => (typeof value === 'bigint' ? `${value}` : value)));
}

export function existing(answer: HoldOutcome): HoldRecord {
  if (answer.outcome !== 'exists') throw new Error(`expected a taken reference, got ${answer.outcome}`);
  return answer.hold;
}

export function recordOf(answer: SettleOutcome): HoldRecord {
  if (!('hold' in answer)) throw new Error(`expected a hold, got ${answer.outcome}`);
  return answer.hold;
}

export function stateOf(answer: SettleOutcome): [string, string] {
  return [answer.outcome, 'hold' in answer ? answer.hold.state : answer.outcome];
}

/** The outcomes of a batch that was executed, in the order of its payouts. */
export function outcomesOf(answer: HoldAllOutcome): string[] {
  if (answer.outcome !== 'done') throw new Error(`expected a batch that is done, got ${answer.outcome}`);
  return answer.holds.map(({ outcome }) => outcome);
}
