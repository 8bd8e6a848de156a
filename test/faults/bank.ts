// The truth of the money: a bank with two wallets, over HTTP. Its debits are real, and its final word is final.
import { once, setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../processes/child.js';
import type { Random } from '../simulation/random.js';
import { lagMs, type Payment, type Permission, type Wallet } from './messages.js';

/** A request for a payout. The client chooses what goes wrong, so that it follows from its seed. */
export interface PayoutRequest {
  readonly reference: string;
  readonly wallet: Wallet;
  /** The amount held for it, in minor units. */
  readonly amount: string;
  /** The debit: less or more. */
  readonly actual: string;
  readonly delayMs: number;
  readonly fate: 'paid' | 'rejected' | 'answer lost';
  /** It is accepted at once, and a webhook reports when it was made. */
  readonly isWebhook: boolean;
}

/** The state of a payout that arrived. */
type Outcome = 'pending' | 'paid' | 'rejected';

/** A payout in the book of the bank. */
export interface BookedPayout {
  readonly wallet: Wallet;
  readonly outcome: Outcome;
  readonly actual: bigint;
  /** In milliseconds of the monotonic clock. */
  readonly arrivedAtMs: number;
}

interface Account {
  balance: bigint;
  /** Debits that its figure does not show yet. */
  hidden: bigint;
  /** Promised to payouts that were permitted and are not over, those of processes that were killed included. */
  promised: bigint;
}

export interface BankOptions {
  readonly openingMinor: bigint;
  readonly floorMinor: bigint;
  readonly random: Random;
  /** A store that loses data while a process is killed may promise twice: that is counted, and is not a problem. */
  readonly mayOverspend: boolean;
  /** The same for a store that loses what was paid, when payouts are repeated. */
  readonly mayPayTwice: boolean;
  /** Receives payouts whose outcome the bank reports. */
  readonly onWebhook: (payment: Payment) => void;
  readonly onProblem: (problem: string) => void;
}

export class Bank {
  /** Every payout that was permitted. */
  readonly permissions: Map<string, Permission> = new Map();
  readonly #options: BankOptions;
  readonly #accounts: Record<Wallet, Account>;
  #leastFree: bigint;
  readonly #overspent = new Set<string>();
  #paidTwice = 0;
  readonly #book = new Map<string, { -readonly [Key in keyof BookedPayout]: BookedPayout[Key] }>();
  /** Permissions that count as promised. */
  readonly #promised = new Set<string>();
  readonly #closing = new AbortController();
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  static async open(options: BankOptions): Promise<Bank> {
    const bank = new Bank(options);
    bank.#server.listen(0, '127.0.0.1');
    await once(bank.#server, 'listening');
    return bank;
  }

  private constructor(options: BankOptions) {
    // Every delay listens.
    setMaxListeners(0, this.#closing.signal);
    this.#options = options;
    this.#leastFree = options.openingMinor - options.floorMinor;
    const account = (): Account => ({
      balance: options.openingMinor,
      hidden: 0n,
      promised: 0n,
    });
    this.#accounts = { prompt: account(), late: account() };
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The money above the floor at the worst moment, promises kept. Below zero: overspent. */
  get leastFree(): bigint {
    return this.#leastFree;
  }

  /** Number of payouts that were permitted beyond the money that was free. */
  get overspends(): number {
    return this.#overspent.size;
  }

  /** Number of times that a payout arrived again. */
  get paidTwice(): number {
    return this.#paidTwice;
  }

  /** Every payout that arrived, by reference. */
  get book(): ReadonlyMap<string, BookedPayout> {
    return this.#book;
  }

  outcomeOf(reference: string): Outcome | undefined {
    return this.#book.get(reference)?.outcome;
  }

  actualOf(reference: string): bigint | undefined {
    return this.#book.get(reference)?.actual;
  }

  /** A process may send this payout. The process reports it, so the payout itself may arrive first. */
  permit(permission: Permission): void {
    const { reference, wallet, amount } = permission;
    // A reference that failed is used up as well.
    if (this.permissions.has(reference)) {
      if (!this.#options.mayPayTwice) this.#options.onProblem(`${reference} was permitted twice`);
      return;
    }
    this.permissions.set(reference, permission);
    if (this.#book.has(reference)) return;
    this.#promised.add(reference);
    this.#accounts[wallet].promised += amount;
    this.#check(wallet, reference);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, what = '', name = ''] = (request.url ?? '').split('/');
    const reply = (body: object) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
    if (what === 'balance') {
      const { balance, hidden } = this.#accounts[name as Wallet];
      reply({ available: inMajor(balance + hidden), currency: 'KES' });
    } else if (what === 'lookup') {
      const payout = this.#book.get(decodeURIComponent(name));
      reply({ outcome: payout?.outcome ?? 'unknown', debited: inMajor(payout?.actual ?? 0n) });
    } else {
      let text = '';
      for await (const chunk of request) text += chunk;
      await this.#pay(JSON.parse(text), response, reply);
    }
  }

  async #pay(request: PayoutRequest, response: ServerResponse, reply: (body: object) => void): Promise<void> {
    const { reference, wallet, fate, isWebhook, delayMs } = request;
    if (this.#book.has(reference)) {
      this.#paidTwice += 1;
      if (!this.#options.mayPayTwice) this.#options.onProblem(`${reference} was sent twice`);
      const { outcome } = this.#book.get(reference) as BookedPayout;
      return reply({ status: outcome === 'pending' ? 'accepted' : outcome, reference });
    }
    const actual = BigInt(request.actual);
    const payout = { wallet, outcome: 'pending' as Outcome, actual, arrivedAtMs: monotonicMs() };
    this.#book.set(reference, payout);
    // A promise until now, and from now on a payout under way: it counts in the same way.
    if (!this.permissions.has(reference)) this.#promise(request);
    if (isWebhook) reply({ status: 'accepted', reference });
    // The client may be gone by then. The payout is made all the same.
    await sleep(delayMs, undefined, { signal: this.#closing.signal }).catch(() => {});
    if (this.#closing.signal.aborted) return;
    payout.outcome = fate === 'rejected' ? 'rejected' : 'paid';
    this.#unpromise(request);
    if (payout.outcome === 'paid') this.#debit(request);
    if (isWebhook) return;
    if (fate === 'answer lost') response.destroy();
    else reply({ status: payout.outcome, reference });
  }

  #promise({ reference, wallet, amount }: PayoutRequest): void {
    this.#promised.add(reference);
    this.#accounts[wallet].promised += BigInt(amount);
    this.#check(wallet, reference);
  }

  #unpromise({ reference, wallet, amount }: PayoutRequest): void {
    if (this.#promised.delete(reference)) this.#accounts[wallet].promised -= BigInt(amount);
  }

  #debit({ reference, wallet, amount, actual, isWebhook }: PayoutRequest): void {
    const { random, onWebhook } = this.#options;
    const account = this.#accounts[wallet];
    const debited = BigInt(actual);
    // A debit beyond the held amount is paid in at once, so that the sum that may be promised stays exact.
    const gone = debited < BigInt(amount) ? debited : BigInt(amount);
    account.balance -= gone;
    if (wallet === 'late') {
      account.hidden += gone;
      this.#later(random.between(lagMs / 2, lagMs - 20), () => {
        account.hidden -= gone;
      });
    }
    this.#check(wallet, reference);
    // Topped up with the amount paid, so that the wallet stays short of money and yet never runs dry.
    this.#later(random.between(50, 400), () => {
      account.balance += gone;
    });
    if (isWebhook) onWebhook({ reference, wallet, actual: debited });
  }

  #later(ms: number, act: () => void): void {
    sleep(ms, undefined, { signal: this.#closing.signal }).then(act, () => {});
  }

  #check(wallet: Wallet, reference: string): void {
    const account = this.#accounts[wallet];
    const free = account.balance - this.#options.floorMinor - account.promised;
    if (free < 0n) this.#overspent.add(reference);
    if (free >= this.#leastFree) return;
    this.#leastFree = free;
    if (free < 0n && !this.#options.mayOverspend) {
      this.#options.onProblem(`overspent: ${free} is left in the wallet ${wallet} with ${reference}`);
    }
  }
}

/** Minor units as decimal text. */
export function inMajor(minor: bigint): string {
  const digits = `${minor < 0n ? -minor : minor}`.padStart(3, '0');
  return `${minor < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
