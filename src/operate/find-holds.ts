// Holds that an operator searches for, by conditions that a store does not know.
import type { HoldList, ListOptions } from '../core/calls.js';
import type { HoldInfo } from '../core/hold-info.js';
import { parseNonNegative } from '../core/money.js';
import type { PayoutGuard } from '../core/payout-guard.js';

export interface HoldSearch extends ListOptions {
  /** Exactly this reference: one read, whatever the number of holds. */
  reference?: string | undefined;
  /** Text that the reference or a value of the metadata contains, in any case. */
  text?: string | undefined;
  /** At least, in the currency of each hold. */
  amountFrom?: string | undefined;
  /** At most, in the currency of each hold. */
  amountTo?: string | undefined;
}

/** Most holds that one page reads: a search that finds little continues on the next page, and blocks no store. */
const mostRead = 5_000;
/** Holds that one question to the store reads: a question for each result would take a hundred of them. */
const longestRead = 1_000;

/**
 * Lists the holds that fit, oldest first. A page may have fewer than `limit`, or none, and still have a next one.
 * @throws what `guard.listHolds` and `guard.getHold` throw. `InvalidAmountError` an amount is not one of the currency.
 */
export async function findHolds(guard: PayoutGuard, search: HoldSearch): Promise<HoldList> {
  const { reference, text, amountFrom, amountTo, limit = 100, ...listed } = search;
  const fits = conditionOf(guard, search);
  if (reference !== undefined) {
    const hold = await guard.getHold(reference);
    return { holds: hold && fits(hold) ? [hold] : [] };
  }
  if (text === undefined && amountFrom === undefined && amountTo === undefined) {
    return guard.listHolds({ ...listed, limit });
  }
  const found: HoldInfo[] = [];
  let after = listed.after;
  let size = longestRead;
  for (let read = 0; read < mostRead; read += size) {
    const room = limit - found.length;
    size = Math.max(size, room);
    const page = await guard.listHolds({ ...listed, limit: size, after });
    const fitting = page.holds.filter(fits);
    if (fitting.length > room) {
      // A page ends where one of the store does, so that the next one begins there: again, with a shorter one.
      size = Math.floor(size / 2);
      continue;
    }
    found.push(...fitting);
    after = page.next;
    if (after === undefined || found.length === limit) break;
  }
  return { holds: found, ...(after !== undefined && { next: after }) };
}

function conditionOf(guard: PayoutGuard, search: HoldSearch): (hold: HoldInfo) => boolean {
  const { wallet, state, amountFrom, amountTo } = search;
  const text = search.text?.toLowerCase();
  return (hold) => {
    if (wallet !== undefined && hold.wallet !== wallet) return false;
    if (state !== undefined && hold.state !== state) return false;
    if (text !== undefined && !textsOf(hold).some((one) => one.toLowerCase().includes(text))) return false;
    if (amountFrom === undefined && amountTo === undefined) return true;
    const { currency } = guard.internals.wallet(hold.wallet);
    const amount = parseNonNegative(hold.amount, currency);
    if (amountFrom !== undefined && amount < parseNonNegative(amountFrom, currency)) return false;
    return amountTo === undefined || amount <= parseNonNegative(amountTo, currency);
  };
}

function textsOf({ reference, metadata }: HoldInfo): string[] {
  return [reference, ...Object.values(metadata)];
}
