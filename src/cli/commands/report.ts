// `payout-guard report`: a day of each wallet, from the history. Wallets are never added together.
import type { WalletInfo } from '../../core/internals.js';
import { type DayReport, dayReport, toCsv } from '../../history/index.js';
import type { Run } from '../call.js';
import { exitCodes } from '../exit-codes.js';
import { type Column, table } from '../output/table.js';
import { jsonText } from '../output/text.js';
import { historyOf, readWithGuard, text, walletsOf } from '../session.js';
import { calendarDay, refused } from '../values.js';

export const report: Run = (call) =>
  readWithGuard(call, async (session) => {
    const history = historyOf(session);
    const timeZone = text(call, 'timeZone') ?? 'UTC';
    const day = dayOf(String(call.args[0]), timeZone, session.guard.internals.clock.now());
    const wallets = await walletsOf(session);
    const reports = await Promise.all(
      wallets.map(({ key, currency }: WalletInfo) => dayReport(history, { wallet: key, currency, day, timeZone })),
    );
    const { print } = session.call.context;
    if (call.options.json) print(jsonText({ reports }));
    else if (call.options.csv) print(toCsv(reports).trimEnd());
    else print(`${day}, ${timeZone}\n${table(columns, reports.map(row))}`);
    return exitCodes.done;
  });

/** A day that has begun in the time zone. @throws `UsageError` */
function dayOf(given: string, timeZone: string, nowMs: number): string {
  const day = calendarDay('DAY', given);
  const today = todayIn(timeZone, nowMs);
  if (day > today) throw refused('DAY', `today (${today} in ${timeZone}) or an earlier day`, day);
  return day;
}

function todayIn(timeZone: string, nowMs: number): string {
  try {
    // Sweden writes dates as ISO 8601 does.
    return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' }).format(nowMs);
  } catch {
    throw refused('--time-zone', 'an IANA name such as Africa/Nairobi', timeZone);
  }
}

const columns: readonly Column[] = [
  { title: 'WALLET' },
  { title: 'CURRENCY' },
  { title: 'OPENING', align: 'amount' },
  { title: 'CREDITS', align: 'amount' },
  { title: 'CAPTURED', align: 'amount' },
  { title: 'UNEXPLAINED', align: 'amount' },
  { title: 'OTHER DAYS', align: 'amount' },
  { title: 'CLOSING', align: 'amount' },
  { title: 'PAYOUTS', align: 'right' },
  { title: 'REFUSED', align: 'right' },
];

function row(report: DayReport): string[] {
  const { wallet, currency, opening = '', credits, captured, unexplained, otherDays = '', closing = '' } = report;
  const { captured: payouts, insufficient } = report.counts;
  const amounts = [opening, credits, captured, unexplained, otherDays, closing];
  return [wallet, currency, ...amounts, String(payouts), String(insufficient)];
}
