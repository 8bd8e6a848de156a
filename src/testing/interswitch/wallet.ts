// The wallet that the Interswitch and Phoenix simulators keep: its options and its methods.
import * as z from 'zod';
import { readOptions } from '../../core/problems.js';
import { clockSchema, debited, type Filled, portSchema, type Shape } from '../simulator/check-options.js';
import type { SimulatorOptions } from '../simulator/server.js';
import { amountText, type InterswitchStyle, walletAmount, walletBalance } from './codec.js';

/** Options of the wallet. Amounts are decimal text in major units. */
export interface InterswitchWalletOptions extends SimulatorOptions {
  /** @defaultValue '250000' */
  readonly available?: string | undefined;
  /** May be negative. @defaultValue the same as `available` */
  readonly ledger?: string | undefined;
  /**
   * The `currencyCode`: `UGX`, `800`, or something wrong.
   * @defaultValue 'UGX'
   */
  readonly currency?: string | undefined;
  /**
   * True if the balance is in a `response` object, as in all Phoenix answers that are known, or beside `responseCode`.
   * @defaultValue 'wrapped'
   */
  readonly shape?: InterswitchStyle['shape'] | undefined;
  /**
   * The form of amounts: `250000`, `"250000"`, or as Java writes a double, `250000.0`, from ten million on `1.0E7`.
   * @defaultValue 'number'
   */
  readonly amounts?: InterswitchStyle['amounts'] | undefined;
}

/** Reads them. */
export const walletShape: Shape<
  InterswitchWalletOptions,
  Omit<Filled<InterswitchWalletOptions>, keyof SimulatedWallet> & GivenBalances
> = {
  port: portSchema,
  clock: clockSchema,
  available: walletAmount.prefault('250000'),
  ledger: walletBalance.optional(),
  currency: z.string().default('UGX'),
  shape: z.enum(['wrapped', 'flat']).default('wrapped'),
  amounts: z.enum(['number', 'text', 'javaDouble']).default('number'),
};

/** Balances in minor units. */
export interface SimulatedWallet {
  available: bigint;
  ledger: bigint;
}

interface GivenBalances {
  readonly available: bigint;
  readonly ledger: bigint | undefined;
}

/** A ledger that was not given starts with what is available: it includes that. */
export function openWallet({ available, ledger = available }: GivenBalances): SimulatedWallet {
  return { available, ledger };
}

interface WalletMethods {
  credit(amount: string): void;
  debit(amount: string): void;
  setBalance(balances: { readonly available?: string | undefined; readonly ledger?: string | undefined }): void;
  balances(): { available: string; ledger: string };
}

export function walletMethods(wallet: SimulatedWallet): WalletMethods {
  return {
    credit: (amount) => {
      const minor = readOptions(walletAmount, amount);
      wallet.available += minor;
      wallet.ledger += minor;
    },
    debit: (amount) => {
      const minor = readOptions(walletAmount, amount);
      wallet.available = debited(wallet.available, minor);
      wallet.ledger -= minor;
    },
    setBalance: (given) => {
      const { available = wallet.available, ledger = wallet.ledger } = readOptions(balancesSchema, given);
      Object.assign(wallet, { available, ledger });
    },
    balances: () => ({ available: amountText(wallet.available), ledger: amountText(wallet.ledger) }),
  };
}

const balancesSchema = z.strictObject({ available: walletBalance.optional(), ledger: walletBalance.optional() });
