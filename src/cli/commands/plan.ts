// `payout-guard plan`: compares a file of payouts with the wallets.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { PayoutPlan, PlannedAnswer, PlannedWallet } from '../../core/calls.js';
import { isPayoutGuardError } from '../../core/errors.js';
import type { WalletInfo } from '../../core/internals.js';
import { parseAmount, parseNonNegative } from '../../core/money.js';
import { parseReference } from '../../core/reference.js';
import type { Call, Run } from '../call.js';
import { exitCodes } from '../exit-codes.js';
import { type Column, table } from '../output/table.js';
import { jsonText } from '../output/text.js';
import { type PayoutRow, readPayouts } from '../payout-file.js';
import { readWithGuard, text, walletOf, warnOfMemory } from '../session.js';
import { UsageError } from '../usage.js';

const advice = 'Advice only: nothing is held, and other payouts may take the money before these.';

export const plan: Run = async (call) => {
  const rows = readPayouts(await fileText(call), text(call, 'wallet'));
  return readWithGuard(call, async (session) => {
    const wallets = new Map<string | undefined, Promise<WalletInfo>>();
    const find = (key: string | undefined) => {
      const found = wallets.get(key) ?? walletOf(session.guard, key, 'wallet');
      wallets.set(key, found);
      return found;
    };
    for (const row of rows) await check(row, find);
    const result = await session.guard.plan(rows);
    session.call.context.print(call.options.json ? jsonText({ ...result, adviceOnly: true }) : planText(result));
    warnOfMemory(session);
    return result.payouts.every(({ answer }) => answer === 'fits') ? exitCodes.done : exitCodes.no;
  });
};

async function fileText({ args, context }: Call): Promise<string> {
  try {
    const bytes = await readFile(resolve(context.cwd ?? process.cwd(), String(args[0])));
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'the file is not UTF-8' : `the file cannot be read (${code})`,
    );
  }
}

/** Names the line of a value that cannot be one. */
async function check(row: PayoutRow, find: (key: string | undefined) => Promise<WalletInfo>): Promise<void> {
  try {
    const { currency } = await find(row.wallet);
    parseReference(row.reference);
    parseAmount(row.amount, currency);
    parseNonNegative(row.fee, currency);
  } catch (error) {
    if (error instanceof UsageError || isPayoutGuardError(error)) {
      throw new UsageError(`line ${row.line}: ${error.message}`);
    }
    throw error;
  }
}

const payoutColumns: readonly Column[] = [
  { title: 'REFERENCE' },
  { title: 'WALLET' },
  { title: 'AMOUNT', align: 'amount' },
  { title: 'FEE', align: 'amount' },
  { title: 'REQUIRED', align: 'amount' },
  { title: 'CURRENCY' },
  { title: 'ANSWER' },
];
const walletColumns: readonly Column[] = [
  { title: 'WALLET' },
  { title: 'CURRENCY' },
  { title: 'SPENDABLE', align: 'amount' },
  { title: 'REQUIRED', align: 'amount' },
  { title: 'FITS', align: 'amount' },
  { title: 'MISSING', align: 'amount' },
];

function planText({ payouts, wallets }: PayoutPlan): string {
  const tables = [table(payoutColumns, payouts.map(payoutRow)), table(walletColumns, wallets.map(walletRow))];
  return [...tables, ...wallets.flatMap(waitOf), advice].join('\n\n');
}

function payoutRow({ reference, wallet, amount, fee, required, currency, ...about }: PlannedAnswer): string[] {
  const reason = about.state ?? about.limit;
  const answer = reason === undefined ? about.answer : `${about.answer}: ${reason}`;
  return [reference, wallet, amount, fee, required, currency, answer];
}

function waitOf({ wallet, fitsFrom }: PlannedWallet): string[] {
  if (!fitsFrom) return [];
  return [`Wallet ${wallet}: all would fit from ${fitsFrom.toISOString()} on, if reservations expire until then.`];
}

function walletRow({ wallet, currency, spendable, required, fits, missing }: PlannedWallet): string[] {
  return [wallet, currency, spendable, required, fits, missing];
}
