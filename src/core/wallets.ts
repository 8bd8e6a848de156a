// The wallets of a guard: all known from the start, or found one by one by a function of the application.
import { LRUCache } from 'lru-cache';
import { andThen, isPromise } from './ask-store.js';
import type { Clock } from './clock.js';
import { sharedController, withDeadline } from './deadline.js';
import { BalanceUnavailableError, ConfigurationError, InvalidArgumentError } from './errors.js';
import { thrownBy } from './functions.js';
import { problemWith } from './limits.js';
import { type FindWallet, isWalletKey, type ResolvedOptions } from './options.js';
import { Problems } from './problems.js';
import type { HoldStore, MaybePromise } from './store.js';
import { resolveWallet, type Wallet } from './wallet.js';

/** Finds wallets by their keys. */
export interface Wallets {
  /** True if wallets are found by a function, so that not all of them are known. */
  readonly isDynamic: boolean;
  /** The wallets that are known now. */
  known(): readonly Wallet[];
  /** The wallet with this key, or the only one. @throws `ConfigurationError` `InvalidArgumentError` */
  named(key: string | undefined): MaybePromise<Wallet>;
  /** The wallet of a hold; undefined when this guard does not serve it. */
  served(key: string): MaybePromise<Wallet | undefined>;
  /** Keeps a wallet in memory until the answer is called. */
  pin(wallet: Wallet): () => void;
  /** Finds the wallet anew the next time: its credentials were refused. */
  forget(wallet: Wallet): void;
  /** Ends questions under way. */
  close(): void;
}

export function walletsOf(options: ResolvedOptions): Wallets {
  const { wallets } = options;
  return typeof wallets === 'function' ? new DynamicWallets(wallets, options) : new StaticWallets(wallets);
}

class StaticWallets implements Wallets {
  readonly isDynamic = false;
  readonly #wallets: ReadonlyMap<string, Wallet>;
  readonly #only: Wallet | undefined;

  constructor(wallets: ReadonlyMap<string, Wallet>) {
    this.#wallets = wallets;
    this.#only = wallets.size === 1 ? [...wallets.values()][0] : undefined;
  }

  known(): readonly Wallet[] {
    return [...this.#wallets.values()];
  }

  named(key: string | undefined): Wallet {
    const wallet = key === undefined ? this.#only : this.#wallets.get(key);
    if (wallet) return wallet;
    if (key === undefined) throw mustBeNamed();
    throw unknownWallet(key);
  }

  served(key: string): Wallet | undefined {
    return this.#wallets.get(key);
  }

  pin(): () => void {
    return () => {};
  }

  forget(): void {}

  close(): void {}
}

interface Pinned {
  readonly wallet: Wallet;
  count: number;
}

class DynamicWallets implements Wallets {
  readonly isDynamic = true;
  readonly #find: FindWallet;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #store: HoldStore;
  readonly #found: LRUCache<string, Wallet>;
  /** Wallets with payouts under way here. The cache may forget them, this may not. */
  readonly #pinned = new Map<string, Pinned>();
  readonly #questions = new Map<string, Promise<Wallet | undefined>>();
  readonly #closing = sharedController();

  constructor(find: FindWallet, { maxWallets, fetchTimeoutMs, clock, store }: ResolvedOptions) {
    this.#store = store;
    this.#find = find;
    this.#timeoutMs = fetchTimeoutMs;
    this.#clock = clock;
    this.#found = new LRUCache({ max: maxWallets });
  }

  known(): readonly Wallet[] {
    const pinned = [...this.#pinned.values()].filter(({ wallet }) => !this.#found.has(wallet.key));
    return [...this.#found.values(), ...pinned.map(({ wallet }) => wallet)];
  }

  named(key: string | undefined): MaybePromise<Wallet> {
    if (key === undefined) throw mustBeNamed();
    return andThen(this.served(key), (wallet) => {
      if (wallet) return wallet;
      throw unknownWallet(key);
    });
  }

  served(key: string): MaybePromise<Wallet | undefined> {
    if (!isWalletKey(key)) return undefined;
    const known = this.#found.get(key) ?? this.#pinned.get(key)?.wallet;
    return known ?? this.#questions.get(key) ?? this.#ask(key);
  }

  pin(wallet: Wallet): () => void {
    const { key } = wallet;
    const pinned = this.#pinned.get(key) ?? { wallet, count: 0 };
    pinned.count += 1;
    this.#pinned.set(key, pinned);
    return () => {
      pinned.count -= 1;
      if (pinned.count === 0 && this.#pinned.get(key) === pinned) this.#pinned.delete(key);
    };
  }

  forget(wallet: Wallet): void {
    if (this.#found.peek(wallet.key) === wallet) this.#found.delete(wallet.key);
    const pinned = this.#pinned.get(wallet.key);
    // Payouts under way keep settling with what they have; new ones ask.
    if (pinned?.wallet === wallet) this.#pinned.delete(wallet.key);
  }

  close(): void {
    this.#closing.abort(new BalanceUnavailableError('closed'));
  }

  #ask(key: string): MaybePromise<Wallet | undefined> {
    const answer = this.#answer(key);
    if (!isPromise(answer)) return this.#keep(key, answer);
    const question = withDeadline(
      {
        clock: this.#clock,
        timeoutMs: this.#timeoutMs,
        outer: this.#closing.signal,
        onTimeout: () => new BalanceUnavailableError('timeout', { detail: 'wallets() did not answer' }),
      },
      () => answer,
    )
      .then((settings) => this.#keep(key, settings))
      .finally(() => this.#questions.delete(key));
    this.#questions.set(key, question);
    return question;
  }

  #answer(key: string): ReturnType<FindWallet> {
    try {
      const answer = this.#find(key);
      return isPromise(answer) ? answer.catch(rethrow) : answer;
    } catch (error) {
      return rethrow(error);
    }
  }

  #keep(key: string, settings: Awaited<ReturnType<FindWallet>>): Wallet | undefined {
    if (settings === undefined) return undefined;
    const problems = new Problems();
    const wallet = resolveWallet(key, settings, problems);
    const problem = problemWith(wallet?.limits, this.#store);
    if (problem) problems.add(problem);
    if (!wallet || problems.any) {
      const all = new Problems();
      all.addAll('wallets()', problems);
      throw all.error();
    }
    this.#found.set(key, wallet);
    return wallet;
  }
}

function rethrow(error: unknown): never {
  throw thrownBy('wallets', error);
}

function mustBeNamed(): InvalidArgumentError {
  return new InvalidArgumentError('wallet', 'must be named, because this guard has more than one');
}

function unknownWallet(key: unknown): ConfigurationError {
  const shown = isWalletKey(key) ? ` "${key}"` : '';
  return new ConfigurationError([`unknown wallet${shown}; add it to \`wallets\``]);
}
