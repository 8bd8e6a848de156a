// A day of one wallet, as a file.

import { useState } from 'preact/hooks';
import { queryOf } from './api.js';
import { localText } from './format.js';
import { NoHistory } from './payout.js';
import type { PageProps } from './route.js';

export function Report({ session }: PageProps) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const [wallet, setWallet] = useState(session.wallets[0]?.wallet ?? '');
  const [day, setDay] = useState(localText(new Date()).slice(0, 10));
  const [timeZone, setTimeZone] = useState(here);
  if (!session.hasHistory) return <NoHistory of="A report" />;
  return (
    <>
      <p>
        The balance at the start and end of a day, credits, debits, fees, and unexplained changes of one wallet, with
        the number of entries of each kind.
      </p>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <label>
          Wallet
          <select value={wallet} onChange={(event) => setWallet(event.currentTarget.value)}>
            {session.wallets.map((one) => (
              <option key={one.wallet} value={one.wallet}>
                {one.wallet} ({one.currency})
              </option>
            ))}
          </select>
        </label>
        <label>
          Day
          <input type="date" value={day} onInput={(event) => setDay(event.currentTarget.value)} />
        </label>
        <label>
          Of time zone
          <select value={timeZone} onChange={(event) => setTimeZone(event.currentTarget.value)}>
            {[...new Set([here, 'UTC'])].map((zone) => (
              <option key={zone} value={zone}>
                {zone}
              </option>
            ))}
          </select>
        </label>
        <a class="button primary" href={`api/report.csv${queryOf({ wallet, day, timeZone })}`}>
          Download CSV
        </a>
      </form>
    </>
  );
}
