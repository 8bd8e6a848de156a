// `payout-guard holds`: lists holds by conditions, oldest first.
import type { HoldInfo } from '../../core/hold-info.js';
import type { PayoutGuard } from '../../core/payout-guard.js';
import { findHolds, type HoldSearch } from '../../operate/index.js';
import type { Call, Run } from '../call.js';
import { exitCodes } from '../exit-codes.js';
import { csvText } from '../output/csv.js';
import { type Column, table } from '../output/table.js';
import { jsonText, timeText } from '../output/text.js';
import { readWithGuard, text, walletOf, warnOfMemory } from '../session.js';
import { durationMs, oneOf, wholeNumber } from '../values.js';

export const holds: Run = (call) =>
  readWithGuard(call, async (session) => {
    const { search, limit } = searchOf(call);
    if (search.wallet !== undefined) await walletOf(session.guard, search.wallet);
    const found = await find(session.guard, search, limit);
    const { print, printError } = session.call.context;
    if (call.options.json) print(jsonText(found));
    else if (call.options.csv) print(csvText([fields, ...found.holds.map(csvRow)]));
    else print(found.holds.length === 0 ? 'No hold fits.' : table(columns, found.holds.map(row)));
    if (found.more && !call.options.json) printError(`payout-guard: there are more; raise --limit above ${limit}`);
    warnOfMemory(session);
    return exitCodes.done;
  });

const states = ['reserved', 'sent', 'captured', 'released'] as const;

function searchOf(call: Call): { readonly search: HoldSearch; readonly limit: number } {
  const state = text(call, 'state');
  const olderThan = text(call, 'olderThan');
  const search = {
    wallet: text(call, 'wallet'),
    text: text(call, 'text'),
    state: state === undefined ? undefined : oneOf('--state', state, states),
    olderThanMs: olderThan === undefined ? undefined : durationMs('older-than', olderThan),
  };
  return { search, limit: wholeNumber('limit', text(call, 'limit') ?? '100', [1, 100_000]) };
}

interface Found {
  readonly holds: readonly HoldInfo[];
  /** There may be more than `limit`. */
  readonly more: boolean;
}

async function find(guard: PayoutGuard, search: HoldSearch, limit: number): Promise<Found> {
  const found: HoldInfo[] = [];
  let after: string | undefined;
  do {
    const page = await findHolds(guard, { ...search, limit: Math.min(limit - found.length, 1_000), after });
    found.push(...page.holds);
    after = page.next;
  } while (after !== undefined && found.length < limit);
  return { holds: found, more: after !== undefined };
}

const columns: readonly Column[] = [
  { title: 'REFERENCE' },
  { title: 'WALLET' },
  { title: 'STATE' },
  { title: 'AMOUNT', align: 'amount' },
  { title: 'CAPTURED', align: 'amount' },
  { title: 'CURRENCY' },
  { title: 'CREATED' },
  { title: 'ENDED' },
];

function row(hold: HoldInfo): string[] {
  const { reference, wallet, amount, captured = '', currency, createdAt, endedAt } = hold;
  return [reference, wallet, stateText(hold), amount, captured, currency, timeText(createdAt), timeText(endedAt)];
}

/** The state, with what an operator has to know beside it. */
export function stateText({ state, failed, awaitsOutcome }: HoldInfo): string {
  if (failed) return `${state}, failed`;
  return awaitsOutcome ? `${state}, outcome open` : state;
}

const fields = [
  'reference',
  'wallet',
  'state',
  'failed',
  'awaitsOutcome',
  'amount',
  'captured',
  'currency',
  'attempt',
  'createdAt',
  'sentAt',
  'endedAt',
  'metadata',
];

function csvRow(hold: HoldInfo): string[] {
  const { reference, wallet, state, failed, awaitsOutcome, amount, captured = '', currency, attempt } = hold;
  const times = [hold.createdAt, hold.sentAt, hold.endedAt].map((time) => time?.toISOString() ?? '');
  const flags = [failed, awaitsOutcome].map((flag) => (flag ? 'true' : ''));
  const metadata = Object.keys(hold.metadata).length === 0 ? '' : JSON.stringify(hold.metadata);
  return [reference, wallet, state, ...flags, amount, captured, currency, attempt, ...times, metadata];
}
