// The money of one wallet over time, with what happened to it.
import type { PayoutGuard } from '../core/payout-guard.js';
import type { History, HistoryEntry, HistoryKind } from '../history/index.js';
import { entriesOfKinds } from '../operate/index.js';
import type { ResolvedConsoleOptions } from './options.js';
import { numberIn, textIn } from './query.js';
import type { Sample, Samples } from './samples.js';

const anHourMs = 3_600_000;
const longestHours = 7 * 24;
/** Points that a dense history is read at, and those that a sparse one may have of each kind. */
const mostSlots = 96;
const mostPoints = 500;
const balanceKinds = ['snapshot', 'approved', 'insufficient'] as const;
const holdKinds = ['held', 'released', 'captured'] as const;
const alertKinds = [
  'drift',
  'overdue',
  'neverSeen',
  'contradiction',
  'paidAfterRelease',
  'frozen',
  'unfrozen',
] as const;

/** @param query - `wallet`, and `hours` until now: 24 unless it is given, a week at most. */
export async function readChart(
  guard: PayoutGuard,
  { history, monitor }: Pick<ResolvedConsoleOptions, 'history' | 'monitor'>,
  samples: Samples,
  query: URLSearchParams,
): Promise<unknown> {
  const { key: wallet, currency } = guard.internals.wallet(textIn(query, 'wallet'));
  const hours = numberIn(query, 'hours', longestHours) ?? 24;
  const toMs = guard.internals.clock.now();
  const fromMs = toMs - hours * anHourMs;
  const from = new Date(fromMs);
  const recorded = history ? await balances(history, wallet, fromMs, toMs) : [];
  const points = [...recorded, ...samples.since(wallet, fromMs)].sort((one, other) => one.atMs - other.atMs);
  const [holds, alerts] = history
    ? await Promise.all([
        entriesOfKinds(history, holdKinds, { wallet, from, limit: 200 }),
        entriesOfKinds(history, alertKinds, { wallet, from, limit: 100 }),
      ])
    : [undefined, undefined];
  const raised = monitor?.internals.alerts().filter((one) => one.wallet === wallet && Date.parse(one.at) >= fromMs);
  return {
    wallet,
    currency: currency.code,
    exponent: currency.exponent,
    fromMs,
    toMs,
    points,
    thresholds: monitor?.internals.thresholds(wallet) ?? [],
    holds: holds?.entries.map(marker) ?? [],
    alerts: [
      ...(alerts?.entries.map(marker) ?? []),
      ...(raised?.map(({ at, kind, message }) => ({ atMs: Date.parse(at), kind, message })) ?? []),
    ],
  };
}

function marker({ at, kind, reference, amount }: HistoryEntry): unknown {
  return { atMs: at.getTime(), kind, reference, amount };
}

/** All balances of a sparse history; of a dense one the last of each slot of time. */
async function balances(history: History, wallet: string, fromMs: number, toMs: number): Promise<Sample[]> {
  const read = async (kind: HistoryKind): Promise<Sample[]> => {
    const all = await history.query({ wallet, kind, from: new Date(fromMs), limit: mostPoints });
    if (all.next === undefined) return all.entries.flatMap(sampleOf);
    const slotMs = (toMs - fromMs) / mostSlots;
    const slots = Array.from({ length: mostSlots }, (_, slot) => fromMs + slot * slotMs);
    const lastOf = (startMs: number) => {
      const slot = { from: new Date(startMs), to: new Date(startMs + slotMs) };
      return history.query({ wallet, kind, ...slot, first: 'newest', limit: 1 });
    };
    const pages = await Promise.all(slots.map(lastOf));
    return pages.flatMap(({ entries }) => entries.flatMap(sampleOf));
  };
  return (await Promise.all(balanceKinds.map(read))).flat();
}

function sampleOf({ at, kind, amount, data }: HistoryEntry): Sample[] {
  const available = kind === 'snapshot' ? amount : textOf(data.available);
  if (available === undefined) return [];
  const spendable = kind === 'snapshot' ? undefined : textOf(data.spendable);
  return [{ atMs: at.getTime(), available, spendable }];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
