// Holds by state, age, amount and text, in pages.
import { useState } from 'preact/hooks';
import { Amount, durationText, Link, PayoutLink, Problem, Scroll, State, Time } from './format.js';
import { go, type PageProps, type Route } from './route.js';
import { Text } from './text.js';
import type { Hold, HoldPage, Session } from './types.js';
import { useData } from './use-data.js';

const states = ['sent', 'reserved', 'captured', 'released', 'all'] as const;
const ages = [
  ['', 'any age'],
  ['300000', 'older than 5 min'],
  ['3600000', 'older than 1 h'],
  ['86400000', 'older than 1 d'],
  ['604800000', 'older than 7 d'],
] as const;

export function Payouts({ session, route }: PageProps) {
  const { page, state = 'sent', ...filters } = route;
  const { value, problem } = useData<HoldPage>('payouts', { ...filters, state: state === 'all' ? '' : state });
  return (
    <>
      <Filters session={session} route={route} key={JSON.stringify(route)} />
      <Problem text={problem} />
      {value && <Holds page={value} session={session} />}
      {value && (
        <p class="paging">
          {route.after && <Link to={without(route, 'after')}>First page</Link>}{' '}
          {value.next && <Link to={{ ...route, after: value.next }}>Next page</Link>}
          {!value.next && value.holds.length > 0 && 'The last page.'}
        </p>
      )}
    </>
  );
}

function Filters({ session, route }: { readonly session: Session; readonly route: Route }) {
  const [given, setGiven] = useState<Record<string, string>>({ state: 'sent', ...without(route, 'after') });
  const set = (name: string) => (event: { currentTarget: { value: string } }) => {
    const { value } = event.currentTarget;
    setGiven((before) => ({ ...before, [name]: value }));
  };
  const search = (event: Event) => {
    event.preventDefault();
    go({ ...given, page: 'payouts' });
  };
  return (
    <form class="filters" onSubmit={search}>
      <label>
        State
        <select value={given.state} onChange={set('state')}>
          {states.map((state) => (
            <option key={state} value={state}>
              {state}
            </option>
          ))}
        </select>
      </label>
      {session.wallets.length > 1 && (
        <label>
          Wallet
          <select value={given.wallet ?? ''} onChange={set('wallet')}>
            <option value="">all</option>
            {session.wallets.map(({ wallet }) => (
              <option key={wallet} value={wallet}>
                {wallet}
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        Reference
        <input value={given.reference ?? ''} onInput={set('reference')} />
      </label>
      <label>
        Text in reference or metadata
        <input value={given.text ?? ''} onInput={set('text')} />
      </label>
      <label>
        Amount from
        <input value={given.amountFrom ?? ''} onInput={set('amountFrom')} inputMode="decimal" />
      </label>
      <label>
        Amount to
        <input value={given.amountTo ?? ''} onInput={set('amountTo')} inputMode="decimal" />
      </label>
      <label>
        Age
        <select value={given.olderThanMs ?? ''} onChange={set('olderThanMs')}>
          {ages.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" class="primary">
        Search
      </button>
    </form>
  );
}

function Holds({ page: { holds, now, next }, session }: { readonly page: HoldPage; readonly session: Session }) {
  if (holds.length === 0) {
    return <p>{next ? 'Nothing on this page; the search continues on the next one.' : 'No payout fits.'}</p>;
  }
  const places = Math.max(0, ...session.wallets.map(({ exponent }) => exponent));
  return (
    <Scroll label="Payouts">
      <table class="cards">
        <thead>
          <tr>
            <th scope="col">Reference</th>
            <th scope="col">State</th>
            <th scope="col" class="number">
              Amount
            </th>
            <th scope="col">Currency</th>
            <th scope="col">Wallet</th>
            <th scope="col">Created</th>
            <th scope="col">Age</th>
            <th scope="col">Metadata</th>
          </tr>
        </thead>
        <tbody>
          {holds.map((hold) => (
            <tr key={hold.reference}>
              <td data-label="Reference">
                <PayoutLink reference={hold.reference} />
              </td>
              <td data-label="State">
                <State state={hold.state} more={noteOf(hold)} />
              </td>
              <td class="number" data-label="Amount">
                <Amount value={hold.captured ?? hold.amount} places={places} />
              </td>
              <td data-label="Currency">{hold.currency}</td>
              <td data-label="Wallet">
                <Text value={hold.wallet} />
              </td>
              <td data-label="Created">
                <Time at={hold.createdAt} />
              </td>
              <td data-label="Age">{durationText(Date.parse(now) - Date.parse(hold.createdAt))}</td>
              <td class="metadata" data-label="Metadata">
                {Object.entries(hold.metadata).map(([name, text]) => (
                  <span key={name}>
                    <Text value={name} />: <Text value={text} />{' '}
                  </span>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

export function noteOf(hold: Hold): string | undefined {
  if (hold.failed) return 'failed';
  return hold.awaitsOutcome ? 'outcome open' : undefined;
}

function without(route: Route, name: string): Record<string, string> {
  const { [name]: _, ...rest } = route;
  return rest;
}
