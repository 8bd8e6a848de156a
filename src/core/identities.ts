// One wallet, one identity: the store remembers which balance a key stands for, so that two services on one store
// cannot decide on each other's wallets, and one balance is not promised under two keys.
//
// It is kept in two notes, `wallet/<key>` and `identity/<text>`. They live as long as the memory of the store, and are
// written again in a new epoch before anything is decided in it.
import { askStore, isSilence } from './ask-store.js';
import { BalanceUnavailableError, ConfigurationError } from './errors.js';
import type { HoldStore, MaybePromise } from './store.js';
import { isFormerIdentity, type Wallet } from './wallet.js';

/** Limit of repeated reads when another process changes a note at the same time. */
const tries = 5;

export class Identities {
  readonly #store: HoldStore;
  /** The epoch in which each wallet was last found to be the one that the store knows. */
  readonly #checked = new WeakMap<Wallet, string>();

  constructor(store: HoldStore) {
    this.#store = store;
  }

  /**
   * Checks the wallet, once in each epoch. @throws `ConfigurationError` when the key or the identity belongs to another
   * wallet.
   */
  check(wallet: Wallet, epoch: string): MaybePromise<void> {
    return this.#checked.get(wallet) === epoch ? undefined : this.#check(wallet, epoch);
  }

  /** Checks the wallet unless it was checked before, in whatever epoch: for holds that are there already. */
  checkOnce(wallet: Wallet): MaybePromise<void> {
    return this.#checked.has(wallet) ? undefined : this.#check(wallet, undefined);
  }

  async #check(wallet: Wallet, epoch: string | undefined): Promise<void> {
    const { identity } = wallet;
    if (identity === undefined) await this.#checkCurrency(wallet);
    else await this.#claim(wallet, identity);
    if (epoch !== undefined || this.#checked.get(wallet) === undefined) this.#checked.set(wallet, epoch ?? '');
  }

  async #claim(wallet: Wallet, identity: string): Promise<void> {
    const { key } = wallet;
    // Read first: a key that stands for another balance is refused before anything is written.
    const known = await this.#ask((store) => store.note(walletNote(key)));
    const wanted = identitiesWith(wallet, identity, known);
    const isNew = await this.#claimIdentity(identity, key);
    try {
      await this.#claimKey(wallet, identity, { known, wanted });
    } catch (error) {
      // Only a refusal proves that the identity is not of this key. A store that did not respond may have written the
      // key all the same, and without the identity another key could claim the balance.
      if (isNew && !isSilence(error))
        await this.#ask((store) => store.swapNote(identityNote(identity), key, undefined));
      throw error;
    }
  }

  /** True if the identity had no key before. */
  async #claimIdentity(identity: string, key: string): Promise<boolean> {
    const note = identityNote(identity);
    if (await this.#ask((store) => store.swapNote(note, undefined, key))) return true;
    const owner = await this.#ask((store) => store.note(note));
    if (owner === key) return false;
    if (owner === undefined) throw changing();
    throw new ConfigurationError([
      `wallets.${key}: this balance is wallet "${owner}" in the store already, and two keys would promise it ` +
        'twice; use one key, or distinguish the accounts by accountId',
    ]);
  }

  async #claimKey(
    wallet: Wallet,
    identity: string,
    { known, wanted }: { known: string | undefined; wanted: string },
  ): Promise<void> {
    const note = walletNote(wallet.key);
    for (let round = 0; round < tries; round++) {
      if (known === wanted || (await this.#ask((store) => store.swapNote(note, known, wanted)))) return;
      known = await this.#ask((store) => store.note(note));
      wanted = identitiesWith(wallet, identity, known);
    }
    throw changing();
  }

  /** A wallet that is only settled has no account; its provider and currency must be right all the same. */
  async #checkCurrency(wallet: Wallet): Promise<void> {
    const { key, providerName, currency } = wallet;
    const known = await this.#ask((store) => store.note(walletNote(key)));
    const isSame = (identity: string) => {
      const [provider, , code, exponent] = identity.split(' ');
      return provider === providerName && code === currency.code && exponent === `${currency.exponent}`;
    };
    if (known !== undefined && !known.split('\n').some(isSame)) throw otherIdentity(wallet);
  }

  #ask<T>(ask: (store: HoldStore) => MaybePromise<T>): MaybePromise<T> {
    return askStore(this.#store, ask);
  }
}

/**
 * Returns the note of a key, given the note in the store. @throws `ConfigurationError` when the key stands for another
 * balance.
 */
function identitiesWith(wallet: Wallet, identity: string, known: string | undefined): string {
  const identities = known?.split('\n') ?? [];
  if (identities.includes(identity)) return known ?? identity;
  if (known !== undefined && !identities.some((one) => isFormerIdentity(wallet, one))) throw otherIdentity(wallet);
  return [...identities, identity].join('\n');
}

function walletNote(key: string): string {
  return `wallet/${key}`;
}

/** Without the decimals of the currency, which are a matter of notation: another number of them is no other balance. */
function identityNote(identity: string): string {
  return `identity/${identity.slice(0, identity.lastIndexOf(' '))}`;
}

function otherIdentity({ key, providerName, currency }: Wallet): ConfigurationError {
  return new ConfigurationError([
    `wallets.${key}: in the store this key is another balance than ${providerName} in ${currency.code} with this ` +
      'account; use another key, or name the former provider in `formerly` while you move',
  ]);
}

function changing(): BalanceUnavailableError {
  return new BalanceUnavailableError('store', { detail: 'the identity of the wallet is being changed' });
}
