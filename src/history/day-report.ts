// A day of one wallet, from its history.
import { type Currency, type CurrencyInput, resolveCurrency } from '../core/currency.js';
import { dayBounds } from '../core/day-bounds.js';
import { ConfigurationError } from '../core/errors.js';
import { formatMinorUnits } from '../core/money.js';
import { type History, type HistoryEntry, type HistoryKind, historyKinds } from './entry.js';

export interface DayReportOptions {
  /** The key of the wallet. */
  readonly wallet: string;
  /** The currency of the wallet: an ISO 4217 code, or a code with its number of decimals. */
  readonly currency: CurrencyInput;
  /** `YYYY-MM-DD`. */
  readonly day: string;
  /**
   * IANA name of the zone that the day is of, such as `Africa/Nairobi`.
   * @defaultValue `'UTC'`
   */
  readonly timeZone?: string | undefined;
}

/** A day of one wallet. Amounts are decimal text. Contains balances: for operators. */
export interface DayReport {
  readonly wallet: string;
  /** ISO 4217 code. */
  readonly currency: string;
  readonly day: string;
  readonly timeZone: string;
  /** The day: from this time on, */
  readonly from: string;
  /** and before this one. */
  readonly to: string;
  /** The last balance before the day, or the first one of it; absent when there is none. */
  readonly opening?: string;
  readonly openingAt?: string;
  /** The last balance of the day. */
  readonly closing?: string;
  readonly closingAt?: string;
  /** Credits that the application reported, and debits of failed payouts that the provider gives back. */
  readonly credits: string;
  /** Debits of payouts, by the captures of the day. */
  readonly captured: string;
  /** Their debits beyond the held amounts; negative when they were less. */
  readonly fees: string;
  /** Debits without explanation, as far as the drift watch reported them; unexplained credits are subtracted. */
  readonly unexplained: string;
  /**
   * `opening + credits - captured - unexplained - closing`: payouts of another day that the last balance of this one
   * shows, and the reverse. Absent without balances.
   */
  readonly otherDays?: string;
  /** The number of entries of each kind. */
  readonly counts: Readonly<Record<HistoryKind, number>>;
}

/**
 * Adds up a day of one wallet, from what `recordHistory` and the `history` of `watchDrift` have recorded. Wallets are
 * never added together: their currencies may differ.
 *
 * @throws `ConfigurationError` the day or the time zone is not valid, or the entries are of another currency. What the
 *   history throws.
 */
export async function dayReport(history: History, options: DayReportOptions): Promise<DayReport> {
  const { wallet, day, timeZone = 'UTC' } = options;
  const currency = resolveCurrency(options.currency);
  const { from, to } = dayBounds(day, timeZone);
  const sums = { credits: 0n, captured: 0n, held: 0n, unexplained: 0n };
  const counts = Object.fromEntries(historyKinds.map((kind) => [kind, 0])) as Record<HistoryKind, number>;
  let [opening] = (await history.query({ wallet, kind: 'snapshot', to: from, first: 'newest', limit: 1 })).entries;
  if (opening) assertCurrency(opening, currency);
  let closing: HistoryEntry | undefined;
  for await (const entry of everyEntry(history, { wallet, from, to })) {
    counts[entry.kind] += 1;
    if (!summed.has(entry.kind)) continue;
    assertCurrency(entry, currency);
    const amount = minorOf(entry.amount, currency);
    if (entry.kind === 'snapshot') {
      opening ??= entry;
      closing = entry;
    } else if (entry.kind === 'credit') sums.credits += amount;
    else if (entry.kind === 'drift') sums.unexplained += entry.data.direction === 'debit' ? amount : -amount;
    else if (entry.kind === 'captured') {
      sums.captured += amount;
      sums.held += minorOf(entry.data.amount, currency);
    }
  }
  const text = (minor: bigint) => formatMinorUnits(minor, currency);
  const { credits, captured, held, unexplained } = sums;
  const otherDays =
    opening &&
    closing &&
    minorOf(opening.amount, currency) + credits - captured - unexplained - minorOf(closing.amount, currency);
  return {
    wallet,
    currency: currency.code,
    day,
    timeZone,
    from: from.toISOString(),
    to: to.toISOString(),
    ...(opening?.amount !== undefined && { opening: opening.amount, openingAt: opening.at.toISOString() }),
    ...(closing?.amount !== undefined && { closing: closing.amount, closingAt: closing.at.toISOString() }),
    credits: text(credits),
    captured: text(captured),
    fees: text(captured - held),
    unexplained: text(unexplained),
    ...(otherDays !== undefined && { otherDays: text(otherDays) }),
    counts,
  };
}

/** The kinds whose amounts are part of the sums. */
const summed: ReadonlySet<HistoryKind> = new Set(['snapshot', 'credit', 'drift', 'captured']);

function assertCurrency({ wallet, data }: HistoryEntry, { code }: Currency): void {
  if (data.currency === undefined || data.currency === code) return;
  throw new ConfigurationError([`currency: wallet ${wallet} has entries in ${data.currency}, not in ${code}`]);
}

async function* everyEntry(
  history: History,
  which: { readonly wallet: string; readonly from: Date; readonly to: Date },
): AsyncGenerator<HistoryEntry> {
  let after: string | undefined;
  do {
    const page = await history.query({ ...which, limit: 1_000, after });
    yield* page.entries;
    after = page.next;
  } while (after !== undefined);
}

/** Minor units of decimal text as this library writes it: with all decimals of its currency. */
function minorOf(amount: unknown, { code, exponent }: Currency): bigint {
  if (amount === undefined) return 0n;
  const [, sign = '', whole, decimals = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(amount)) ?? [];
  if (whole === undefined || decimals.length !== exponent) {
    throw new ConfigurationError([`history: an amount has other decimals than ${code}`]);
  }
  return BigInt(sign + whole + decimals);
}
