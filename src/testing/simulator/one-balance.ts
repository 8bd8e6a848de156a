// The balance of a simulated wallet that has a single one, and the calls of a test that change it.
import type { Currency } from '../../core/currency.js';
import { formatMinorUnits } from '../../core/money.js';
import { readOptions } from '../../core/problems.js';
import { amountSchema, balanceSchema, debited } from './check-options.js';

/** A wallet with a single balance. Amounts are decimal text in major units. */
export interface OneBalance {
  /** @throws `ConfigurationError` when the amount is not one, as `debit` and `setBalance` do. */
  credit(amount: string): void;
  /** @throws `ConfigurationError` when the wallet has less. */
  debit(amount: string): void;
  /** Sets the available balance, which may be negative. */
  setBalance(balance: string): void;
  balance(): string;
}

/** @param minor - The figure itself, in minor units. */
export function oneBalance(
  currency: Currency,
  minor: { readonly get: () => bigint; readonly set: (minor: bigint) => void },
): OneBalance {
  const [amount, balance] = [amountSchema(currency), balanceSchema(currency)];
  return {
    credit: (text) => minor.set(minor.get() + readOptions(amount, text)),
    debit: (text) => minor.set(debited(minor.get(), readOptions(amount, text))),
    setBalance: (text) => minor.set(readOptions(balance, text)),
    balance: () => formatMinorUnits(minor.get(), currency),
  };
}
