// `payout-guard status`: every wallet, or the reason why it cannot be read.
import { type WalletStatus, walletStatus } from '../../operate/index.js';
import type { Run } from '../call.js';
import { exitCodes } from '../exit-codes.js';
import { type Column, table } from '../output/table.js';
import { durationText, jsonText } from '../output/text.js';
import { readWithGuard, type Session, walletsOf, warnOfMemory } from '../session.js';

export const status: Run = (call) =>
  readWithGuard(call, async (session) => {
    const wallets = await readWallets(session);
    if (call.options.json) session.call.context.print(jsonText({ wallets }));
    else {
      session.call.context.print(statusTable(wallets));
      for (const line of problemLines(wallets)) session.call.context.printError(line);
    }
    warnOfMemory(session);
    return wallets.some(({ problem }) => problem) ? exitCodes.failed : exitCodes.done;
  });

/** Reads the wallets of the command, all at once. */
export async function readWallets(session: Session): Promise<WalletStatus[]> {
  const refresh = session.call.options.refresh === true;
  const wallets = await walletsOf(session);
  return Promise.all(wallets.map(({ key }) => walletStatus(session.guard, key, { refresh })));
}

const columns: readonly Column[] = [
  { title: 'WALLET' },
  { title: 'CURRENCY' },
  { title: 'AVAILABLE', align: 'amount' },
  { title: 'FLOOR', align: 'amount' },
  { title: 'HELD', align: 'amount' },
  { title: 'SPENDABLE', align: 'amount' },
  { title: 'AGE', align: 'right' },
  { title: 'STATE' },
];

export function statusTable(wallets: readonly WalletStatus[]): string {
  return table(columns, wallets.map(row));
}

function row({ wallet, currency, funds, problem }: WalletStatus): string[] {
  if (!funds) return [wallet, currency, '', '', '', '', '', problem?.reason ?? problem?.code ?? ''];
  const { available, floor, held, spendable, ageMs, frozen } = funds;
  const state = frozen ? `frozen: ${frozen.reason}` : 'ok';
  return [wallet, currency, available, floor, held, spendable, durationText(ageMs), state];
}

/** One line for each wallet that cannot be read. */
export function problemLines(wallets: readonly WalletStatus[]): string[] {
  return wallets.flatMap(({ wallet, problem }) => (problem ? [`payout-guard: ${wallet}: ${problem.message}`] : []));
}
