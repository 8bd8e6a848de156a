// Money that moved without a payout or a reported credit, with the evidence of the drift watch.

import { Records, useRecords } from './records.js';
import type { PageProps } from './route.js';

export function Drift(props: PageProps) {
  const data = useRecords('drift', props);
  return (
    <>
      <p>
        Each change has the balance that payouts and reported credits explain, the balance that was read, and the time
        between which it happened. It takes a drift watch: the option <code>drift</code> of the monitor, or{' '}
        <code>watchDrift</code>.
      </p>
      <Records
        {...props}
        data={data}
        name="drift"
        what="An unexplained change"
        empty="No unexplained change, no late balance and no reported credit."
      />
    </>
  );
}
