// Finds holds by their reference, and ends them.
import { randomUUID } from 'node:crypto';
import { askStore, isSilence, readHold } from './ask-store.js';
import { assertOptions } from './call-options.js';
import type { HoldList, ListOptions, ReleaseOptions, SettleOptions } from './calls.js';
import { InvalidArgumentError } from './errors.js';
import type { HoldRecord } from './hold.js';
import { ForeignWalletError, HoldStateError } from './hold-errors.js';
import { type HandleParts, HoldHandle } from './hold-handle.js';
import { type HoldInfo, holdInfo } from './hold-info.js';
import { assertReason } from './hold-request.js';
import type { Identities } from './identities.js';
import { parseAmount } from './money.js';
import type { AmountInput } from './payout-guard.js';
import { parseReference } from './reference.js';
import { asSettleFailure, type VerdictRequest } from './settler.js';
import type { UnderWay } from './under-way.js';
import type { KnownVerdict } from './verdict-outbox.js';
import type { Wallet } from './wallet.js';
import type { Wallets } from './wallets.js';

/** Limit of repeated reads when another request takes the reference at the same time. */
const tries = 3;

export class KnownHolds {
  readonly #parts: HandleParts;
  readonly #wallets: Wallets;
  readonly #identities: Identities;
  /** Counts holds that are being settled by their reference. */
  readonly #underWay: UnderWay;

  constructor(parts: HandleParts & { wallets: Wallets; identities: Identities; underWay: UnderWay }) {
    this.#parts = parts;
    this.#wallets = parts.wallets;
    this.#identities = parts.identities;
    this.#underWay = parts.underWay;
  }

  /** The handle of a reserved hold. */
  async resume(reference: string): Promise<HoldHandle> {
    const { hold, nowMs, wallet } = await this.#find(parseReference(reference));
    if (!hold || !wallet) throw new HoldStateError(reference, 'unknown', 'resumed');
    if (hold.state !== 'reserved') throw new HoldStateError(reference, hold.state, 'resumed');
    // A sender of its own: of several handles of one attempt, one is given `sent`.
    return new HoldHandle(this.#parts, { wallet, hold, sender: randomUUID(), readAtMs: nowMs });
  }

  async capture(reference: string, actual: AmountInput | undefined, options: SettleOptions): Promise<HoldInfo> {
    assertOptions('capture', options);
    const settle = ({ attempt }: HoldRecord, wallet: Wallet): VerdictRequest => {
      const { currency, visibilityLagMs: visibleInMs } = wallet;
      const actualMinor = actual === undefined ? undefined : parseAmount(actual, currency);
      return { reference, attempt: options.attempt ?? attempt, to: 'captured', actualMinor, visibleInMs };
    };
    return this.#settle(parseReference(reference), 'captured', settle, {});
  }

  async release(reference: string, options: ReleaseOptions): Promise<HoldInfo> {
    assertOptions('release', options);
    assertReason(options.reason);
    const settle = ({ attempt }: HoldRecord): VerdictRequest => ({
      reference,
      attempt: options.attempt ?? attempt,
      to: 'released',
    });
    return this.#settle(parseReference(reference), 'released', settle, options);
  }

  async get(reference: string): Promise<HoldInfo | undefined> {
    const { hold } = await this.#find(parseReference(reference));
    return hold && holdInfo(hold);
  }

  async list(options: ListOptions): Promise<HoldList> {
    assertOptions('listHolds', options);
    const { wallet: key, limit = 100, ...filter } = options;
    if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) {
      throw new InvalidArgumentError('limit', 'must be a whole number of 1 to 1,000');
    }
    const named = key === undefined ? undefined : await this.#wallets.named(key);
    const own = named ? [named] : this.#wallets.isDynamic ? undefined : this.#wallets.known();
    for (const wallet of own ?? []) await this.#identities.checkOnce(wallet);
    const wallets = own?.map((wallet) => wallet.key);
    const page = await askStore(this.#parts.options.store, (store) => store.list({ ...filter, wallets, limit }));
    // Wallets that are found by a function have no list: the key is in the hold.
    const served = own
      ? page.holds.map(() => true)
      : await Promise.all(page.holds.map(async (hold) => (await this.#wallets.served(hold.wallet)) !== undefined));
    const holds = page.holds.filter((_, index) => served[index]).map(holdInfo);
    return page.next === undefined ? { holds } : { holds, next: page.next };
  }

  /** The wallet of a hold. @throws `ForeignWalletError` when this guard does not serve it. */
  readonly walletOf = async (hold: HoldRecord): Promise<Wallet> => {
    const wallet = await this.#wallets.served(hold.wallet);
    if (!wallet) throw new ForeignWalletError(hold.reference, hold.wallet);
    await this.#identities.checkOnce(wallet);
    return wallet;
  };

  async #find(reference: string): Promise<{ hold?: HoldRecord; wallet?: Wallet; nowMs: number }> {
    const { hold, nowMs } = await readHold(this.#parts.options.store, reference);
    return hold ? { hold, wallet: await this.walletOf(hold), nowMs } : { nowMs };
  }

  /** Reads the hold first: a request that came late, or names no attempt, must not end the hold of a later one. */
  async #settle(
    reference: string,
    wanted: 'captured' | 'released',
    requestFor: (hold: HoldRecord, wallet: Wallet) => VerdictRequest,
    { reason }: ReleaseOptions,
  ): Promise<HoldInfo> {
    // Counted before the hold is read: until then a guard that closes has nothing to report, so it waits.
    this.#underWay.begin();
    try {
      for (let round = 1; ; round++) {
        const { hold, wallet } = await this.#find(reference);
        if (!hold || !wallet) throw new HoldStateError(reference, 'unknown', wanted);
        const request = requestFor(hold, wallet);
        const verdict = { wallet: wallet.key, attempt: request.attempt ?? hold.attempt, request };
        const settling = this.#settleFound(hold, verdict, reason, round < tries);
        const settled = await this.#parts.outbox.watch(verdict, settling);
        if (settled) return settled;
      }
    } finally {
      this.#underWay.end();
    }
  }

  /** Undefined: another request has taken the reference since the hold was read, so it must be read again. */
  async #settleFound(
    hold: HoldRecord,
    verdict: KnownVerdict,
    reason: string | undefined,
    mayReadAgain: boolean,
  ): Promise<HoldInfo | undefined> {
    const { settler, outbox } = this.#parts;
    const { request } = verdict;
    try {
      return holdInfo(await settler.move(request, reason));
    } catch (error) {
      const isOvertaken = request.attempt === hold.attempt && (await this.#isOvertaken(hold));
      if (mayReadAgain && isOvertaken) return undefined;
      if (!isSilence(error) || request.to !== 'captured') throw asSettleFailure(error, 'Repeat the call.');
      outbox.keep(verdict, error);
      throw asSettleFailure(error, 'The capture is kept, and recorded when the store responds.');
    }
  }

  async #isOvertaken({ reference, attempt }: HoldRecord): Promise<boolean> {
    try {
      const { hold } = await askStore(this.#parts.options.store, (store) => store.get(reference));
      return hold !== undefined && hold.attempt !== attempt;
    } catch {
      // The error of the settlement itself is the one to report.
      return false;
    }
  }
}
