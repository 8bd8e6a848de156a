// Compares a list of payouts with the wallets, in order and fees included. Advice: nothing is held.
import { askStore } from './ask-store.js';
import type { PayoutPlan, PlannedAnswer, PlannedPayout, PlannedWallet } from './calls.js';
import { type HoldState, mayBeHeldAgain } from './hold.js';
import { assertDistinct } from './hold-batch.js';
import { formatMinorUnits, minorUnits } from './money.js';
import type { PayoutGuard } from './payout-guard.js';
import { limitAlone } from './payout-limits.js';
import { assertList, type ListedPayout, type ListForm, readListed } from './payout-list.js';
import type { HoldStore } from './store.js';
import type { Wallet } from './wallet.js';
import type { Wallets } from './wallets.js';

const form: ListForm = { action: 'planned', mayHaveMore: true };
/** References that are read at the same time. */
const readsAtOnce = 200;
/** Most reservations that are read to find out when money comes free. */
const mostReservations = 10_000;

/**
 * Compares payouts with the wallets, asking each provider once. A payout that does not fit is left out, and those after
 * it may fit. Reads the spendable amount as `funds` shows it: a check would be recorded as a refusal.
 */
export async function planPayouts(
  guard: PayoutGuard,
  wallets: Wallets,
  store: HoldStore,
  given: readonly PlannedPayout[],
): Promise<PayoutPlan> {
  assertList(given);
  const ledgers = new Map<string | undefined, Ledger>();
  const payouts: Planned[] = [];
  for (const [index, payout] of given.entries()) {
    const key: string | undefined = payout?.wallet;
    const opened = ledgers.get(key) ?? (await Ledger.open(guard, wallets, key));
    // A payout that names no wallet is one of the only wallet, which another one may name.
    const ledger = ledgers.get(opened.wallet.key) ?? opened;
    ledgers.set(key, ledger).set(ledger.wallet.key, ledger);
    payouts.push({ ...readListed(payout, index, ledger.wallet, form), ledger });
  }
  assertDistinct(payouts);
  const states = await statesOf(store, payouts);
  const answers = payouts.map((payout) => answerTo(payout, states.get(payout.reference)));
  const sums = [...new Set(ledgers.values())].map((ledger) => ledger.summary(store));
  return { payouts: answers, wallets: await Promise.all(sums) };
}

interface Planned extends ListedPayout {
  readonly ledger: Ledger;
}

async function statesOf(store: HoldStore, payouts: readonly Planned[]): Promise<Map<string, HoldState>> {
  const states = new Map<string, HoldState>();
  for (let from = 0; from < payouts.length; from += readsAtOnce) {
    const some = payouts.slice(from, from + readsAtOnce);
    const readings = await Promise.all(some.map(({ reference }) => askStore(store, (one) => one.get(reference))));
    for (const { hold } of readings) if (hold && !mayBeHeldAgain(hold)) states.set(hold.reference, hold.state);
  }
  return states;
}

function answerTo({ reference, amountMinor, feeMinor, ledger }: Planned, state?: HoldState): PlannedAnswer {
  const { key: wallet, currency } = ledger.wallet;
  const text = (minor: bigint) => formatMinorUnits(minor, currency);
  const amounts = { amount: text(amountMinor - feeMinor), fee: text(feeMinor), required: text(amountMinor) };
  const about = { wallet, reference, currency: currency.code, ...amounts };
  return state ? { ...about, answer: 'taken', state } : { ...about, ...ledger.add(amountMinor) };
}

/** The money of one wallet while a list of payouts is gone through. */
class Ledger {
  readonly wallet: Wallet;
  readonly #spendable: string;
  readonly #isFrozen: boolean;
  #requiredMinor = 0n;
  #fitsMinor = 0n;

  static async open(guard: PayoutGuard, wallets: Wallets, key: string | undefined): Promise<Ledger> {
    const { spendable, frozen } = await guard.funds({ wallet: key, refresh: true });
    return new Ledger(await wallets.named(key), spendable, frozen !== undefined);
  }

  constructor(wallet: Wallet, spendable: string, isFrozen: boolean) {
    this.wallet = wallet;
    this.#spendable = spendable;
    this.#isFrozen = isFrozen;
  }

  /** In the order of the store: a limit that no day changes, the freeze, the day, the money. */
  add(requiredMinor: bigint): Pick<PlannedAnswer, 'answer' | 'limit'> {
    const { wallet } = this;
    const alone = limitAlone({ wallet, requiredMinor });
    if (alone) return { answer: 'over limit', limit: alone.limit };
    const perDayMinor = wallet.limits?.daily?.perDayMinor;
    const fitsMinor = this.#fitsMinor + requiredMinor;
    if (!this.#isFrozen && perDayMinor !== undefined && fitsMinor > perDayMinor) {
      return { answer: 'over limit', limit: 'perDay' };
    }
    this.#requiredMinor += requiredMinor;
    if (this.#isFrozen) return { answer: 'frozen' };
    if (fitsMinor > minorUnits(this.#spendable)) return { answer: 'does not fit' };
    this.#fitsMinor = fitsMinor;
    return { answer: 'fits' };
  }

  async summary(store: HoldStore): Promise<PlannedWallet> {
    const { key, currency } = this.wallet;
    const text = (minor: bigint) => formatMinorUnits(minor, currency);
    const spendableMinor = minorUnits(this.#spendable);
    const missingMinor = this.#requiredMinor > spendableMinor ? this.#requiredMinor - spendableMinor : 0n;
    const fitsFrom = missingMinor > 0n && !this.#isFrozen ? await freeFrom(store, key, missingMinor) : undefined;
    return {
      wallet: key,
      currency: currency.code,
      spendable: this.#spendable,
      required: text(this.#requiredMinor),
      fits: text(this.#fitsMinor),
      missing: text(missingMinor),
      ...(fitsFrom && { fitsFrom }),
      frozen: this.#isFrozen,
    };
  }
}

/** The time at which so much money of reservations is free again, if they all expire; undefined if they have less. */
async function freeFrom(store: HoldStore, wallet: string, wantedMinor: bigint): Promise<Date | undefined> {
  const reserved: { readonly atMs: number; readonly minor: bigint }[] = [];
  let after: string | undefined;
  do {
    const filter = { wallets: [wallet], state: 'reserved', limit: 1_000, after } as const;
    const page = await askStore(store, (one) => one.list(filter));
    for (const { expiresAtMs, amountMinor } of page.holds) {
      if (expiresAtMs !== undefined) reserved.push({ atMs: expiresAtMs, minor: amountMinor });
    }
    after = page.next;
  } while (after !== undefined && reserved.length < mostReservations);
  let freeMinor = 0n;
  for (const { atMs, minor } of reserved.sort((one, other) => one.atMs - other.atMs)) {
    freeMinor += minor;
    if (freeMinor >= wantedMinor) return new Date(atMs);
  }
  return undefined;
}
