// The alerts of the monitor, and what the history has that may need attention.

import { PayoutLink, Scroll, Time } from './format.js';
import { Records, useRecords } from './records.js';
import type { PageProps } from './route.js';
import { Text } from './text.js';
import type { Alert } from './types.js';

export function Alerts(props: PageProps) {
  const data = useRecords('alerts', props);
  const alerts = data.value?.alerts;
  return (
    <>
      {alerts ? (
        <Raised alerts={alerts} />
      ) : (
        <p>The console was given no monitor, so alerts of thresholds are not shown.</p>
      )}
      <h2>Recorded by all processes</h2>
      <Records
        {...props}
        data={data}
        name="alerts"
        what="An event that needs attention"
        empty="Nothing that needs attention was recorded."
      />
    </>
  );
}

function Raised({ alerts }: { readonly alerts: readonly Alert[] }) {
  return (
    <section aria-labelledby="raised">
      <h2 id="raised">Alerts of this process</h2>
      {alerts.length === 0 ? (
        <p>This process has raised no alert.</p>
      ) : (
        <Scroll label="Alerts of this process">
          <table>
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Kind</th>
                <th scope="col">Wallet</th>
                <th scope="col">Payout</th>
                <th scope="col">Message</th>
              </tr>
            </thead>
            <tbody>
              {alerts.map((alert) => (
                <tr key={alert.id}>
                  <td>
                    <Time at={alert.at} />
                  </td>
                  <td>{alert.kind.replaceAll('_', ' ')}</td>
                  <td>{alert.wallet}</td>
                  <td>{alert.reference && <PayoutLink reference={alert.reference} />}</td>
                  <td class="message">
                    <Text value={alert.message} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </section>
  );
}
