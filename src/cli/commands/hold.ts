// `payout-guard hold`: the whole life of one payout, from its hold and the history.
import type { HoldInfo } from '../../core/hold-info.js';
import type { HistoryEntry } from '../../history/index.js';
import { type PayoutLife, payoutLife } from '../../operate/index.js';
import type { Run } from '../call.js';
import { exitCodes } from '../exit-codes.js';
import { escaped } from '../output/escape.js';
import { type Column, table } from '../output/table.js';
import { jsonText, timeText } from '../output/text.js';
import { readWithGuard, referenceOf, warnOfMemory } from '../session.js';
import { stateText } from './holds.js';

export const hold: Run = (call) =>
  readWithGuard(call, async (session) => {
    const life = await payoutLife(session.guard, session.history, referenceOf(call));
    const isKnown = life.hold !== undefined || life.entries.length > 0;
    const { print, printError } = session.call.context;
    if (call.options.json) print(jsonText(life));
    else print(isKnown ? lifeText(life) : 'The store and the history have nothing of this reference.');
    if (life.isCut && !call.options.json) printError('payout-guard: the history has more entries of this payout');
    if (!session.history) printError('payout-guard: no history is shown, because the module exports no `history`');
    warnOfMemory(session);
    return isKnown ? exitCodes.done : exitCodes.no;
  });

function lifeText({ hold, entries }: PayoutLife): string {
  const parts = [hold ? holdText(hold) : 'The store has no hold of this reference: it was refused, or forgotten.'];
  if (entries.length > 0) parts.push(table(columns, entries.map(entryRow)));
  return parts.join('\n\n');
}

function holdText(hold: HoldInfo): string {
  const { reference, wallet, amount, captured, currency, attempt, createdAt, expiresAt, sentAt, endedAt } = hold;
  const lines: [string, string][] = [
    ['reference', reference],
    ['wallet', wallet],
    ['state', stateText(hold)],
    ['amount', `${amount} ${currency}`],
    ['captured', captured === undefined ? '' : `${captured} ${currency}`],
    ['attempt', attempt],
    ['created', timeText(createdAt)],
    ['expires', timeText(expiresAt)],
    ['sent', timeText(sentAt)],
    ['ended', timeText(endedAt)],
    ...Object.entries(hold.metadata).map(([name, value]): [string, string] => [`metadata ${name}`, value]),
  ];
  const shown = lines.filter(([, value]) => value !== '').map((line) => line.map(escaped) as [string, string]);
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

const columns: readonly Column[] = [
  { title: 'TIME' },
  { title: 'ENTRY' },
  { title: 'AMOUNT', align: 'amount' },
  { title: 'CURRENCY' },
  { title: 'ABOUT' },
];

/** Fields that the columns, the kind of the entry and the hold above have already. */
const shownElsewhere = new Set([
  ...['amount', 'required', 'currency', 'wallet', 'attempt', 'captured'],
  ...['sufficient', 'temporary', 'asOf', 'createdAt', 'sentAt'],
]);

function entryRow({ at, kind, amount = '', data }: HistoryEntry): string[] {
  const about = Object.entries(data).filter(([name]) => !shownElsewhere.has(name));
  const currency = amount === '' ? '' : String(data.currency ?? '');
  return [timeText(at), kind, amount, currency, about.map(([name, value]) => `${name}=${value}`).join(' ')];
}
