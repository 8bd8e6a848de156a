// Entries of the history, each as a sentence with its figures.
import { Amount, PayoutLink, Time } from './format.js';
import { Text } from './text.js';
import type { Entry } from './types.js';

const names: Readonly<Record<string, string>> = {
  snapshot: 'Balance read',
  approved: 'Approved',
  insufficient: 'Refused: not enough money',
  checkFailed: 'Refused',
  held: 'Held',
  captured: 'Captured',
  released: 'Released',
  expired: 'Expired: it was never paid',
  debitAboveHold: 'Debited more than was held',
  paidAfterRelease: 'Paid after its release',
  failedAfterCapture: 'Failed after its capture',
  paidTwice: 'Paid more than once',
  overdue: 'Overdue: looked up, no outcome',
  neverSeen: 'The provider has no record of it',
  settlementFailed: 'Its outcome could not be recorded',
  contradiction: 'Its outcome contradicts the store',
  leftOpen: 'Left open when a process closed',
  orphanWallet: 'No process serves the wallet',
  lookupFindsNothing: 'Look-ups find nothing',
  frozen: 'Wallet frozen',
  unfrozen: 'Wallet unfrozen',
  providerFailure: 'The provider failed',
  credit: 'Credit reported',
  drift: 'Unexplained change',
  visibilityLag: 'The balance showed it late',
  operator: 'Action of an operator',
};

/** The numbers of the rule, in its order. */
const rule = [
  ['available', 'Available'],
  ['floor', '− Floor'],
  ['held', '− Held by other payouts'],
  ['capturedSince', '− Captured since the balance was read'],
  ['spendable', '= Spendable'],
  ['required', 'Required, fee included'],
  ['shortfall', 'Missing'],
] as const;

export function kindName(kind: string): string {
  return names[kind] ?? kind;
}

export function EntryList({ entries, empty }: { readonly entries: readonly Entry[]; readonly empty: string }) {
  if (entries.length === 0) return <p>{empty}</p>;
  return (
    <ol class="entries">
      {entries.map((entry, index) => (
        <li key={`${entry.at} ${index}`} class={`entry entry-${entry.kind}`}>
          <p class="entry-head">
            <Time at={entry.at} /> <strong>{kindName(entry.kind)}</strong>
            {entry.amount !== undefined && (
              <>
                {' '}
                <Amount value={entry.amount} /> {entry.data.currency}
              </>
            )}
            {entry.reference !== undefined && (
              <>
                {' '}
                <PayoutLink reference={entry.reference} />
              </>
            )}
            {entry.wallet !== undefined && <span class="quiet"> wallet {entry.wallet}</span>}
            <Times entry={entry} />
          </p>
          {isDecision(entry) ? <Rule entry={entry} /> : <Facts entry={entry} />}
        </li>
      ))}
    </ol>
  );
}

/** Of an entry that stands for several: it is the latest. */
function Times({ entry: { times, firstAt } }: { readonly entry: Entry }) {
  if (times === undefined || firstAt === undefined) return null;
  return (
    <span class="times">
      {' '}
      {times} times since <Time at={firstAt} />, this is the last one
    </span>
  );
}

function isDecision({ data }: Entry): boolean {
  return data.spendable !== undefined && data.required !== undefined;
}

function Rule({ entry: { data } }: { readonly entry: Entry }) {
  return (
    <>
      <table class="rule">
        <caption class="hidden">The numbers of the decision</caption>
        <tbody>
          {rule.map(([name, title]) => (
            <tr key={name} class={`rule-${name}`}>
              <th scope="row">{title}</th>
              <td class="number">
                <Amount value={String(data[name] ?? '')} />
              </td>
              <td>{data.currency}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {data.asOf !== undefined && (
        <p class="quiet">
          The balance was asked for at <Time at={String(data.asOf)} />.
          {data.temporary === true && ' It may fit once the held payouts have ended.'}
        </p>
      )}
    </>
  );
}

const factNames: Readonly<Record<string, string>> = {
  operator: 'by',
  expected: 'expected balance',
  actual: 'actual balance',
  atMost: 'at most',
  inARow: 'in a row',
  ageMs: 'age in ms',
  createdAt: 'created',
  sentAt: 'sent',
  awaitsOutcome: 'outcome open',
  paidAttempt: 'paid attempt',
  perhapsTwice: 'perhaps paid twice',
};
/** Shown elsewhere. */
const shownAbove = new Set(['currency', 'amount', 'captured']);

function Facts({ entry: { kind, data } }: { readonly entry: Entry }) {
  const facts = Object.entries(data)
    .filter(([name]) => !shownAbove.has(name))
    // The provider failed at a reading that may have been for no payout.
    .map(([name, value]) => [name, kind === 'providerFailure' ? withoutConsequence(value) : value] as const);
  if (facts.length === 0) return null;
  return (
    <dl class="facts small">
      {facts.map(([name, value]) => (
        <>
          <dt>{factNames[name] ?? name}</dt>
          <dd>
            <Fact name={name} value={value} />
          </dd>
        </>
      ))}
    </dl>
  );
}

function withoutConsequence(value: string | number | boolean): string | number | boolean {
  return typeof value === 'string' ? value.replace(/ The payout was not approved\.$/, '') : value;
}

/** Facts that are amounts. */
const amounts = new Set(['expected', 'actual', 'atMost', 'debit', 'fee', 'available', 'spendable', 'held', 'floor']);

function Fact({ name, value }: { readonly name: string; readonly value: string | number | boolean }) {
  if (isTime(value)) return <Time at={value} />;
  if (amounts.has(name) && typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)) return <Amount value={value} />;
  return <Text value={String(value)} />;
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value);
}
