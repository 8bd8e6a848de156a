// A page of entries with its filters: a wallet, and the time up to which they are shown.
import { useState } from 'preact/hooks';
import { EntryList } from './entries.js';
import { Link, localText, Problem, zoneName } from './format.js';
import { NoHistory } from './payout.js';
import { go, type PageProps } from './route.js';
import type { EntryPage } from './types.js';
import { type Data, useData } from './use-data.js';

/** New entries appear by themselves on the first page, in milliseconds. */
const refreshMs = 5_000;

export function useRecords(path: string, { route }: PageProps): Data<EntryPage> {
  const { wallet, to } = route;
  return useData<EntryPage>(path, { wallet, to }, to ? undefined : refreshMs);
}

export function Records(props: PageProps & { data: Data<EntryPage>; name: string; what: string; empty: string }) {
  const { route, data, name, what, empty } = props;
  const { value, problem } = data;
  return (
    <>
      <RecordFilters {...props} key={`${route.wallet} ${route.to}`} />
      <Problem text={problem} />
      {value && !value.hasHistory && <NoHistory of={what} />}
      {value?.hasHistory && <EntryList entries={value.entries} empty={empty} />}
      {value?.before && (
        <p class="paging">
          <Link to={{ page: name, ...(route.wallet && { wallet: route.wallet }), to: value.before }}>Earlier</Link>
        </p>
      )}
    </>
  );
}

function RecordFilters({ session, route, name }: PageProps & { readonly name: string }) {
  const [wallet, setWallet] = useState(route.wallet ?? '');
  const [to, setTo] = useState(route.to ? localText(new Date(route.to)).replace(' ', 'T') : '');
  const search = (event: Event) => {
    event.preventDefault();
    go({ page: name, wallet, to: to && new Date(to).toISOString() });
  };
  return (
    <form class="filters" onSubmit={search}>
      {session.wallets.length > 1 && (
        <label>
          Wallet
          <select value={wallet} onChange={(event) => setWallet(event.currentTarget.value)}>
            <option value="">all</option>
            {session.wallets.map((one) => (
              <option key={one.wallet} value={one.wallet}>
                {one.wallet}
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        Before this time, {zoneName()}
        <input type="datetime-local" step="1" value={to} onInput={(event) => setTo(event.currentTarget.value)} />
      </label>
      <button type="submit" class="primary">
        Show
      </button>
    </form>
  );
}
