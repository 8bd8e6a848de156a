// One payout: its hold, its whole life, and the actions on it.

import { ActionButton } from './action.js';
import { EntryList } from './entries.js';
import { Amount, Problem, State, Time } from './format.js';
import { noteOf } from './payouts.js';
import type { PageProps } from './route.js';
import { Text } from './text.js';
import type { Hold, Life } from './types.js';
import { useData } from './use-data.js';

/** The page follows what other processes do to the payout, in milliseconds. */
const refreshMs = 3_000;

export function PayoutPage({ session, route }: PageProps) {
  const { value, problem, reload } = useData<Life>('payout', { reference: route.reference }, refreshMs);
  const hold = value?.hold;
  // The dialog reads the payout again when it opens: another operator may have acted.
  const acts = { session, hold, onOpen: reload, onDone: reload };
  return (
    <>
      <Problem text={problem} />
      {value && !hold && <p>The store has no hold of this reference: it was refused, or forgotten.</p>}
      {hold && <Facts hold={hold} />}
      {hold && (
        <div class="buttons">
          <ActionButton {...acts} action="lookUp" isPossible={isUndecided(hold)} />
          <ActionButton {...acts} action="capture" isPossible={hold.state !== 'captured'} />
          <ActionButton {...acts} action="release" isPossible={isOpen(hold)} />
        </div>
      )}
      {value && (
        <section aria-labelledby="life">
          <h2 id="life">Life</h2>
          {session.hasHistory ? (
            <EntryList entries={value.entries} empty="The history has no entry of this payout." />
          ) : (
            <NoHistory of="The life of a payout" />
          )}
          {value.isCut && <p>Entries between the oldest and the newest ones are not shown.</p>}
        </section>
      )}
    </>
  );
}

function isOpen({ state }: Hold): boolean {
  return state === 'reserved' || state === 'sent';
}

function isUndecided({ state, awaitsOutcome }: Hold): boolean {
  return state === 'sent' || awaitsOutcome === true;
}

function Facts({ hold }: { readonly hold: Hold }) {
  const { amount, captured, currency, wallet, state, attempt, metadata } = hold;
  const times = [
    ['Created', hold.createdAt],
    ['Expires', hold.expiresAt],
    ['Sent', hold.sentAt],
    ['Ended', hold.endedAt],
  ] as const;
  return (
    <dl class="facts">
      <dt>State</dt>
      <dd>
        <State state={state} more={noteOf(hold)} />
      </dd>
      <dt>Held amount</dt>
      <dd>
        <Amount value={amount} /> {currency}
      </dd>
      {captured !== undefined && (
        <>
          <dt>Debited</dt>
          <dd>
            <Amount value={captured} /> {currency}
          </dd>
        </>
      )}
      <dt>Wallet</dt>
      <dd>
        <Text value={wallet} />
      </dd>
      {times.map(
        ([name, at]) =>
          at && (
            <>
              <dt>{name}</dt>
              <dd>
                <Time at={at} />
              </dd>
            </>
          ),
      )}
      <dt>Attempt</dt>
      <dd class="reference">
        <Text value={attempt} />
      </dd>
      {Object.entries(metadata).map(([name, text]) => (
        <>
          <dt>
            <Text value={name} />
          </dt>
          <dd>
            <Text value={text} />
          </dd>
        </>
      ))}
    </dl>
  );
}

export function NoHistory({ of }: { readonly of: string }) {
  return (
    <div class="banner">
      <p>
        <strong>There is no history.</strong> {of} comes from a history of the guard. Record one, and give it to the
        console:
      </p>
      <pre>
        <code>{`import { recordHistory, sqliteHistory } from 'payout-guard/history';

const history = sqliteHistory({ file: 'payouts.db' });
recordHistory(guard, history);
payoutConsole(guard, { authorize, history });`}</code>
      </pre>
    </div>
  );
}
