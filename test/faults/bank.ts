// The truth of the money: a bank with two wallets, over HTTP. It is honest: what it debits is gone, what it says at last is final.
import { once, setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../simulation/random.js';
import { lagMs, type Payment, type Permission, type Wallet } from './messages.js';

/** What a payer asks the bank to do. What goes wrong is its choice, so that it follows from its seed. */
export interface PayoutRequest {
  readonly reference: string;
  readonly wallet: Wallet;
  /** What is held for it, in minor units. */
  readonly amount: string;
  /** What the bank debits: less or more. */
  readonly actual: string;
  /** How long it takes. */
  readonly delayMs: number;
  readonly fate: 'paid' | 'rejected' | 'answer lost';
  /** It is accepted at once, and a webhook tells when it was made. */
  readonly isWebhook: boolean;
}

/** What became of a payout that arrived. */
type Outcome = 'pending' | 'paid' | 'rejected';

interface Account {
  balance: bigint;
  /** Debits that its figure does not show yet. */
  hidden: bigint;
  /** Promised to payouts that were permitted and are not over. What a process that died was permitted stays promised. */
  promised: bigint;
}

export interface BankOptions {
  readonly openingMinor: bigint;
  readonly floorMinor: bigint;
  readonly random: Random;
  /** A store that forgets while a process dies may promise twice: that is counted, and is not a problem. */
  readonly mayOverspend: boolean;
  /** Told of payouts whose outcome the bank is to tell. */
  readonly onWebhook: (payment: Payment) => void;
  readonly onProblem: (problem: string) => void;
}

export class Bank {
  /** Every payout that was permitted. */
  readonly permissions: Map<string, Permission> = new Map();
  readonly #options: BankOptions;
  readonly #accounts: Record<Wallet, Account>;
  #leastFree: bigint;
  readonly #payouts = new Map<string, { outcome: Outcome; actual: bigint }>();
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

  /** What was left above the floor at the worst moment, promises kept. Below zero: overspent. */
  get leastFree(): bigint {
    return this.#leastFree;
  }

  outcomeOf(reference: string): Outcome | undefined {
    return this.#payouts.get(reference)?.outcome;
  }

  actualOf(reference: string): bigint | undefined {
    return this.#payouts.get(reference)?.actual;
  }

  /** A process may send this payout. Told by the process, and so perhaps after the payout itself has arrived. */
  permit(permission: Permission): void {
    const { reference, wallet, amount } = permission;
    if (this.permissions.has(reference)) {
      if (this.outcomeOf(reference) !== 'rejected') this.#options.onProblem(`${reference} was permitted twice`);
      return;
    }
    this.permissions.set(reference, permission);
    if (this.#payouts.has(reference)) return;
    this.#promised.add(reference);
    this.#accounts[wallet].promised += amount;
    this.#judge(wallet, reference);
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
      const payout = this.#payouts.get(decodeURIComponent(name));
      reply({ outcome: payout?.outcome ?? 'unknown', debited: inMajor(payout?.actual ?? 0n) });
    } else {
      let text = '';
      for await (const chunk of request) text += chunk;
      await this.#pay(JSON.parse(text), response, reply);
    }
  }

  async #pay(request: PayoutRequest, response: ServerResponse, reply: (body: object) => void): Promise<void> {
    const { reference, fate, isWebhook, delayMs } = request;
    const earlier = this.#payouts.get(reference);
    if (earlier) {
      if (earlier.outcome !== 'rejected') this.#options.onProblem(`${reference} was sent twice`);
      return reply({ status: 'rejected' });
    }
    const payout = { outcome: 'pending' as Outcome, actual: BigInt(request.actual) };
    this.#payouts.set(reference, payout);
    // A promise until now, and from now on a payout under way: it counts in the same way.
    if (!this.permissions.has(reference)) this.#promise(request);
    if (isWebhook) reply({ status: 'accepted' });
    // Who asked for it may be gone by then. The payout is made all the same.
    await sleep(delayMs, undefined, { signal: this.#closing.signal }).catch(() => {});
    if (this.#closing.signal.aborted) return;
    payout.outcome = fate === 'rejected' ? 'rejected' : 'paid';
    this.#unpromise(request);
    if (payout.outcome === 'paid') this.#debit(request);
    if (isWebhook) return;
    if (fate === 'answer lost') response.destroy();
    else reply({ status: payout.outcome });
  }

  #promise({ reference, wallet, amount }: PayoutRequest): void {
    this.#promised.add(reference);
    this.#accounts[wallet].promised += BigInt(amount);
    this.#judge(wallet, reference);
  }

  #unpromise({ reference, wallet, amount }: PayoutRequest): void {
    if (this.#promised.delete(reference)) this.#accounts[wallet].promised -= BigInt(amount);
  }

  #debit({ reference, wallet, amount, actual, isWebhook }: PayoutRequest): void {
    const { random, onWebhook } = this.#options;
    const account = this.#accounts[wallet];
    const debited = BigInt(actual);
    // What it takes beyond what was held is put in at once, so that what may be promised stays exact.
    const gone = debited < BigInt(amount) ? debited : BigInt(amount);
    account.balance -= gone;
    if (wallet === 'late') {
      account.hidden += gone;
      this.#later(random.between(lagMs / 2, lagMs - 20), () => {
        account.hidden -= gone;
      });
    }
    this.#judge(wallet, reference);
    // Topped up with what was paid, so that the wallet stays short of money and yet never runs dry.
    this.#later(random.between(50, 400), () => {
      account.balance += gone;
    });
    if (isWebhook) onWebhook({ reference, wallet, actual: debited });
  }

  #later(ms: number, act: () => void): void {
    sleep(ms, undefined, { signal: this.#closing.signal }).then(act, () => {});
  }

  #judge(wallet: Wallet, reference: string): void {
    const account = this.#accounts[wallet];
    const free = account.balance - this.#options.floorMinor - account.promised;
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
