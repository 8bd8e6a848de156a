// `payout-guard drift`: movements of balances that no payout explains, as a drift watch recorded them.
import type { History, HistoryEntry } from '../../history/index.js';
import type { Run } from '../call.js';
import { exitCodes } from '../exit-codes.js';
import { type Column, table } from '../output/table.js';
import { jsonText, timeText } from '../output/text.js';
import { historyOf, readWithGuard, text, walletsOf } from '../session.js';
import { moment, refused } from '../values.js';

const aWeekMs = 7 * 86_400_000;

export const drift: Run = (call) =>
  readWithGuard(call, async (session) => {
    const history = historyOf(session);
    const to = text(call, 'to');
    const from = text(call, 'from');
    const end = to === undefined ? undefined : moment('to', to);
    const endMs = end?.getTime() ?? session.guard.internals.clock.now();
    const begin = from === undefined ? new Date(endMs - aWeekMs) : moment('from', from);
    if (from !== undefined && begin.getTime() >= endMs) {
      throw refused('--from', `before ${to === undefined ? 'now' : `--to (${to})`}`, from);
    }
    const wallets = await walletsOf(session);
    const found = await Promise.all(wallets.map(({ key }) => movementsOf(history, key, begin, end)));
    const movements = found.flat();
    if (call.options.json) session.call.context.print(jsonText({ from: begin, ...(end && { to: end }), movements }));
    else
      session.call.context.print(
        movements.length === 0 ? 'No unexplained movement is recorded.' : table(columns, movements.map(row)),
      );
    return exitCodes.done;
  });

async function movementsOf(
  history: History,
  wallet: string,
  from: Date,
  to: Date | undefined,
): Promise<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  let after: string | undefined;
  do {
    const page = await history.query({ wallet, kind: 'drift', from, to, limit: 1_000, after });
    entries.push(...page.entries);
    after = page.next;
  } while (after !== undefined);
  return entries;
}

const columns: readonly Column[] = [
  { title: 'WALLET' },
  { title: 'DIRECTION' },
  { title: 'AMOUNT', align: 'amount' },
  { title: 'AT MOST', align: 'amount' },
  { title: 'CURRENCY' },
  { title: 'AFTER' },
  { title: 'BEFORE' },
];

function row({ wallet = '', amount = '', data }: HistoryEntry): string[] {
  const { direction, atMost = '', currency, from, to } = data;
  const times = [from, to].map((time) => (typeof time === 'string' ? timeText(new Date(time)) : ''));
  return [wallet, String(direction), amount, String(atMost), String(currency), ...times];
}
