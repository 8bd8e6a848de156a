// The entries of the history for the pages of refusals, unexplained changes, alerts and reports.
import type { PayoutGuard } from '../core/payout-guard.js';
import { dayReport, type History, type HistoryKind, toCsv } from '../history/index.js';
import { collapseEntries, entriesOfKinds } from '../operate/index.js';
import { type Answer, RequestError } from './exchange.js';
import type { ResolvedConsoleOptions } from './options.js';
import { dateIn, textIn } from './query.js';

const refusalKinds = ['insufficient', 'checkFailed'] as const;
const driftKinds = ['drift', 'visibilityLag', 'credit'] as const;
const alertKinds = [
  'paidAfterRelease',
  'paidTwice',
  'failedAfterCapture',
  'overdue',
  'neverSeen',
  'settlementFailed',
  'contradiction',
  'leftOpen',
  'orphanWallet',
  'lookupFindsNothing',
  'providerFailure',
  'drift',
  'visibilityLag',
  'frozen',
] as const;
/** A freeze may be of an operator, or of the drift watch. */
const operatorKinds = ['operator', 'frozen', 'unfrozen'] as const;

export type Records = Pick<ResolvedConsoleOptions, 'history' | 'monitor'>;

export function readRefusals(guard: PayoutGuard, records: Records, query: URLSearchParams): Promise<unknown> {
  return page(guard, records, refusalKinds, query);
}

export function readDrift(guard: PayoutGuard, records: Records, query: URLSearchParams): Promise<unknown> {
  return page(guard, records, driftKinds, query);
}

/** The alerts of this process's monitor, and what every process recorded that may need attention. */
export async function readAlerts(guard: PayoutGuard, records: Records, query: URLSearchParams): Promise<unknown> {
  const wallet = textIn(query, 'wallet');
  const alerts = records.monitor?.internals.alerts().filter((one) => wallet === undefined || one.wallet === wallet);
  const entries = await page(guard, records, alertKinds, query);
  return { ...entries, ...(alerts && { alerts }) };
}

/** The actions of people, apart from what needs their attention. */
export function readOperatorActions(guard: PayoutGuard, records: Records, query: URLSearchParams): Promise<unknown> {
  return page(guard, records, operatorKinds, query);
}

/** @throws {@link RequestError} 404 without a history. What `dayReport` throws. */
export async function readReport(guard: PayoutGuard, records: Records, query: URLSearchParams): Promise<Answer> {
  const { history } = records;
  if (!history) throw new RequestError(404, 'no_history', 'A report needs a history.');
  const { key: wallet, currency } = guard.internals.wallet(textIn(query, 'wallet'));
  const day = textIn(query, 'day') ?? '';
  const timeZone = textIn(query, 'timeZone');
  const report = await dayReport(history, { wallet, currency, day, timeZone });
  const name = `${wallet}-${report.day}`.replace(/[^\w.-]/g, '_');
  return {
    status: 200,
    headers: {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="${name}.csv"`,
      'cache-control': 'no-store',
    },
    body: toCsv(report),
  };
}

interface RecordsPage {
  readonly now: Date;
  readonly hasHistory: boolean;
  readonly entries: readonly unknown[];
  readonly before?: Date;
}

async function page(
  guard: PayoutGuard,
  { history }: { readonly history: History | undefined },
  kinds: readonly HistoryKind[],
  query: URLSearchParams,
): Promise<RecordsPage> {
  const now = new Date(guard.internals.clock.now());
  if (!history) return { now, hasHistory: false, entries: [] };
  const conditions = { wallet: textIn(query, 'wallet'), from: dateIn(query, 'from'), to: dateIn(query, 'to') };
  const { entries, ...more } = await entriesOfKinds(history, kinds, conditions);
  return { now, hasHistory: true, entries: collapseEntries(entries), ...more };
}
